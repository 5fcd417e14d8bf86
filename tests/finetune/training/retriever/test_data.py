"""Retriever data from files and folders, and the hard negatives mined for it."""

import json
from pathlib import Path

import numpy as np
import pytest

from finetune.datasets.dataset import TEST, split_of
from finetune.errors import BadFile, NothingToLearn
from finetune.training.retriever.data import MiningOptions, mine_negatives, read_retriever_data, split_data
from retrieval.index import Index, VectorIndex, write_vectors
from retrieval.keywords import KeywordIndex
from tests.retrieval.fakes import HashingEncoder

QUIET = {"id": "c1", "title": "Pump", "text": "It is quiet."}
LOUD = {"id": "c2", "title": "", "text": "Fans are loud."}
PAID = {"id": "c3", "title": "", "text": "Refunds take five days."}


def example(number: int, query: str, positive: dict[str, str], *negatives: dict[str, str]) -> str:
    row = {"id": f"log:talk{number}:1", "query": query, "positive": positive, "negatives": negatives}
    return json.dumps(row)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two examples ask the same; one passage has two ids."""
    rows = (
        example(1, "Is it quiet?", QUIET, LOUD),
        example(2, "Is it quiet?", {**LOUD, "id": "c9"}, PAID),
        example(3, "When am I paid?", PAID, QUIET, LOUD),
    )
    path = tmp_path / "retrieval.train.jsonl"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "manual"
    path.mkdir()
    (path / "corpus.jsonl").write_text(json.dumps({"_id": "p", "title": "Pump", "text": "It hums."}))
    questions = (
        {"_id": "q1", "conversation_id": "a", "question": "and then?", "rewrite": "Does the pump hum?"},
        {"_id": "q2", "conversation_id": "b", "question": "Does it hum?", "rewrite": None},
    )
    (path / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)))
    (path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp\t1\nq2\tp\t1\n")
    return path


def test_examples_of_one_question_and_passages_of_one_text_are_one(file: Path) -> None:
    material = read_retriever_data([file])
    assert material.texts == ["Is it quiet?", "When am I paid?"]
    assert sorted(material.passages) == ["Fans are loud.", "Pump\nIt is quiet.", "Refunds take five days."]
    quiet, loud, paid = (
        material.passages.index(text)
        for text in ("Pump\nIt is quiet.", "Fans are loud.", "Refunds take five days.")
    )
    assert [set(rows) for rows in material.positives()] == [{quiet, loud}, {paid}]
    assert [set(rows) for rows in material.negatives()] == [{paid}, {quiet, loud}], (
        "no positive is a negative"
    )


def test_a_folder_is_searched_with_what_a_person_made_of_the_question(folder: Path) -> None:
    material = read_retriever_data([folder])
    assert material.texts == ["Does the pump hum?", "Does it hum?"]
    assert material.positives() == [[0], [0]]
    assert material.negatives() == [[], []]


def test_files_and_folders_are_read_together(file: Path, folder: Path) -> None:
    material = read_retriever_data([file, folder, folder])
    assert len(material.questions) == 2 + 2 + 2
    assert len({question.id for question in material.questions}) == 6
    texts = [{material.passages[row] for row in rows} for rows in material.positives()]
    assert texts[0] == {"Pump\nIt is quiet.", "Fans are loud."}
    assert texts[-1] == {"Pump\nIt hums."}


def test_a_conversation_is_learnt_from_or_validated_with(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(example(n // 2, f"Question {n}?", QUIET) for n in range(400)))
    material = read_retriever_data([path])
    train, validation = split_data(material)
    conversations = [{q.conversation_id for q in part.questions} for part in (train, validation)]
    assert not conversations[0] & conversations[1]
    assert len(train.questions) + len(validation.questions) + len(material.part(TEST).questions) == 400
    assert 270 <= len(train.questions) <= 370
    assert len(validation.questions) >= 10
    assert train.passages == validation.passages


def test_a_folder_is_split_by_its_conversations(folder: Path) -> None:
    material = read_retriever_data([folder])
    parts = [material.part(split_of(name)).texts for name in ("a", "b")]
    assert "Does the pump hum?" in parts[0]
    assert "Does it hum?" in parts[1]


def test_nothing_to_learn_is_said(tmp_path: Path) -> None:
    (empty := tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(NothingToLearn):
        read_retriever_data([empty])


def test_a_row_of_another_form_is_named(tmp_path: Path) -> None:
    (wrong := tmp_path / "wrong.jsonl").write_text('{"id": "x", "query": "?"}')
    with pytest.raises(BadFile, match=r"wrong\.jsonl, line 1"):
        read_retriever_data([wrong])


TEXTS = (
    "the pump is quiet at night",
    "the pump is quiet at night!",
    "the pump is loud",
    "refunds take five days",
    "the pump",
)
QUESTION = "is the pump quiet"


@pytest.fixture
def index(tmp_path: Path, encoder: HashingEncoder) -> Index:
    write_vectors(tmp_path / "vectors.faiss", encoder.encode(TEXTS))
    KeywordIndex.write(tmp_path / "keywords", TEXTS)
    return Index(VectorIndex(tmp_path / "vectors.faiss"), KeywordIndex(tmp_path / "keywords"))


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


def mined(index: Index, encoder: HashingEncoder, mining: MiningOptions) -> list[int]:
    (rows,) = mine_negatives(index, [QUESTION], encoder.encode([QUESTION]), [[0]], mining)
    return rows


def test_the_hardest_come_first_without_the_positive_and_its_twin(
    index: Index, encoder: HashingEncoder
) -> None:
    assert mined(index, encoder, MiningOptions()) == [2, 4, 3]


def test_so_many_are_enough(index: Index, encoder: HashingEncoder) -> None:
    assert mined(index, encoder, MiningOptions(count=1)) == [2]


def test_what_comes_near_the_positive_may_be_an_answer(index: Index, encoder: HashingEncoder) -> None:
    near = encoder.encode([QUESTION])[0] @ encoder.encode([TEXTS[2], TEXTS[0]]).T
    assert near[0] > 0.5 * near[1]
    assert mined(index, encoder, MiningOptions(margin=0.5)) == [3]


def test_where_all_passages_answer_there_is_no_negative(index: Index, encoder: HashingEncoder) -> None:
    everything = [list(range(len(TEXTS)))]
    assert mine_negatives(index, [QUESTION], encoder.encode([QUESTION]), everything, MiningOptions()) == [[]]


def test_no_questions_need_no_negatives(index: Index) -> None:
    assert mine_negatives(index, [], np.empty((0, 64), np.float32), [], MiningOptions()) == []
