import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from retrieval.collection import Collection
from retrieval.encoders.base import Vectors
from retrieval.retriever import Retriever
from tests.retrieval.fakes import HashingEncoder


async def test_it_finds_the_chunk_and_says_where_it_stands(collection: Collection, documents: Path) -> None:
    report = collection.ingest(documents)
    found = await Retriever(collection=collection, k=2).ainvoke("how long do refunds take")
    assert len(found) == 2
    document = collection.snapshot and collection.snapshot.archive.document("returns.md")
    assert document
    best = found[0]
    assert best.page_content == document.text[best.metadata["start"] : best.metadata["end"]]
    assert best.metadata["title"] == "Returns"
    assert best.metadata["source"] == "returns.md"
    assert best.metadata["snapshot"] == report.snapshot
    assert 0 < best.metadata["score"] <= 1
    assert collection.snapshot and collection.snapshot.archive.chunk(best.metadata["chunk"])


async def test_a_chinese_question_finds_the_chinese_chunk(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    (found,) = await Retriever(collection=collection, k=1).ainvoke("退款要多久")
    assert found.metadata["source"] == "zh/returns.md"


async def test_all_wordings_are_searched(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    retriever = Retriever(collection=collection, k=1)
    (found,) = await retriever.ainvoke("and at night?", variants=["is the heat pump quiet at night?"])
    assert found.metadata["source"] == "noise.txt"


async def test_nothing_is_found_before_the_first_ingest_or_for_nothing(
    collection: Collection, documents: Path
) -> None:
    retriever = Retriever(collection=collection)
    assert await retriever.ainvoke("refund") == []
    collection.ingest(documents)
    assert await retriever.ainvoke(" ") == []


async def test_it_searches_what_was_published_last(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    retriever = Retriever(collection=collection, k=1)
    (documents / "charger.txt").write_text("A charger has two plugs.")
    Collection(collection.folder, HashingEncoder()).ingest(documents)
    (found,) = await retriever.ainvoke("charger plugs")
    assert found.metadata["source"] == "charger.txt"


class WaitingEncoder(HashingEncoder):
    """Embeds documents only once it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(texts) > 1:
            self.asked.set()
            assert self.go_on.wait(10)
        return super().encode(texts)


async def test_a_question_during_an_ingest_is_answered_from_the_snapshot_before_it(
    tmp_path: Path, collection: Collection, documents: Path
) -> None:
    before = collection.ingest(documents).snapshot
    encoder = WaitingEncoder()
    busy = Collection(collection.folder, encoder)
    (documents / "noise.txt").write_text("The heat pump hums. And more.")
    (documents / "news.txt").write_text("Refunds got quicker. And more.")
    ingest = asyncio.create_task(asyncio.to_thread(busy.ingest, documents))
    await asyncio.to_thread(encoder.asked.wait, 10)
    (during,) = await Retriever(collection=busy, k=1).ainvoke("refunds")
    encoder.go_on.set()
    report = await ingest
    (after,) = await Retriever(collection=busy, k=1).ainvoke("refunds")
    assert (during.metadata["snapshot"], after.metadata["snapshot"]) == (before, report.snapshot)
    assert "And more" not in during.page_content


async def test_many_may_ask_at_once(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    retriever = Retriever(collection=collection, k=1)
    questions = ["refunds take how long", "is the heat pump quiet", "退款要多久"] * 20
    found = await asyncio.gather(*(retriever.ainvoke(question) for question in questions))
    assert [one.metadata["source"] for (one,) in found] == ["returns.md", "noise.txt", "zh/returns.md"] * 20
