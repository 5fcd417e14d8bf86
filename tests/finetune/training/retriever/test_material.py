import json
from pathlib import Path

import pytest

from finetune.datasets.splitting import TEST, split_of
from finetune.errors import BadFile, NothingToLearn
from finetune.training.retriever.material import divided, read_material

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
    material = read_material([file])
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
    material = read_material([folder])
    assert material.texts == ["Does the pump hum?", "Does it hum?"]
    assert material.positives() == [[0], [0]]
    assert material.negatives() == [[], []]


def test_files_and_folders_are_read_together(file: Path, folder: Path) -> None:
    material = read_material([file, folder, folder])
    assert len(material.questions) == 2 + 2 + 2
    assert len({question.id for question in material.questions}) == 6
    texts = [{material.passages[row] for row in rows} for rows in material.positives()]
    assert texts[0] == {"Pump\nIt is quiet.", "Fans are loud."}
    assert texts[-1] == {"Pump\nIt hums."}


def test_a_conversation_is_learnt_from_or_validated_with(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(example(n // 2, f"Question {n}?", QUIET) for n in range(400)))
    material = read_material([path])
    train, validation = divided(material)
    conversations = [{q.conversation_id for q in part.questions} for part in (train, validation)]
    assert not conversations[0] & conversations[1]
    assert len(train.questions) + len(validation.questions) + len(material.part(TEST).questions) == 400
    assert 270 <= len(train.questions) <= 370
    assert len(validation.questions) >= 10
    assert train.passages == validation.passages


def test_a_folder_is_split_by_its_conversations(folder: Path) -> None:
    material = read_material([folder])
    parts = [material.part(split_of(name)).texts for name in ("a", "b")]
    assert "Does the pump hum?" in parts[0]
    assert "Does it hum?" in parts[1]


def test_nothing_to_learn_is_said(tmp_path: Path) -> None:
    (empty := tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(NothingToLearn):
        read_material([empty])


def test_a_row_of_another_form_is_named(tmp_path: Path) -> None:
    (wrong := tmp_path / "wrong.jsonl").write_text('{"id": "x", "query": "?"}')
    with pytest.raises(BadFile, match=r"wrong\.jsonl, line 1"):
        read_material([wrong])
