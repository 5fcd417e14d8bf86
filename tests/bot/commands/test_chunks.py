import json
from pathlib import Path

import pytest

from bot.commands.chunks import as_line, indexed
from bot.errors import NothingIndexed
from retrieval.collection import Collection
from tests.retrieval.fakes import HashingEncoder


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """Two files in a folder, and one beside it."""
    folder = tmp_path / "documents"
    (folder / "lists").mkdir(parents=True)
    (folder / "noise.txt").write_text("The heat pump is quiet.")
    (folder / "lists" / "prices.csv").write_text("name,price\nPump,4\n")
    (folder / "lists" / "faq.csv").write_text("question,answer\nHow long?,Five days.\nHow much?,Nothing.\n")
    collection = Collection(tmp_path / "collection", HashingEncoder())
    collection.ingest(folder)
    return collection


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ["lists/faq.csv#1", "lists/faq.csv#2", "lists/prices.csv", "noise.txt"]),
        ("lists", ["lists/faq.csv#1", "lists/faq.csv#2", "lists/prices.csv"]),
        ("lists/faq.csv", ["lists/faq.csv#1", "lists/faq.csv#2"]),
        ("lists/faq.csv#2", ["lists/faq.csv#2"]),
        ("noise.txt", ["noise.txt"]),
    ],
)
def test_the_chunks_of_a_file_or_a_folder_are_listed(
    collection: Collection, source: str, expected: list[str]
) -> None:
    assert [chunk.source for chunk in indexed(collection, source)] == expected


def test_a_line_of_json_says_where_a_chunk_stands(collection: Collection) -> None:
    (chunk,) = indexed(collection, "lists/prices.csv")
    assert json.loads(as_line(chunk)) == {
        "source": "lists/prices.csv",
        "title": "prices",
        "heading": "",
        "page": None,
        "text": "name: Pump; price: 4",
    }


def test_what_is_not_indexed_is_said_with_the_remedy(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(NothingIndexed, match=r"nothing of gone\.md.*groundtalk ingest"):
        list(indexed(collection, "gone.md"))
    with pytest.raises(NothingIndexed, match="groundtalk ingest"):
        list(indexed(Collection(tmp_path / "empty", HashingEncoder()), ""))
