"""Support dialogues: each turn becomes an example of answering, and of rewriting once there is a history."""

import json
from pathlib import Path
from typing import Any

import pytest

from finetune.datasets.dialogue_answers import OTHERS, grounding_examples
from finetune.datasets.importing import read_imported
from finetune.errors import BadFile
from finetune.examples import RewritingExample

DIALOGUE: dict[str, Any] = {
    "id": "support:p1:a",
    "packet": "p1",
    "language": "en",
    "turns": [
        {
            "ask": "how long does the cedar last",
            "kind": "lookup",
            "rewrite": "How long does the Cedar last?",
            "answerable": True,
            "evidence": [{"chunk": "c1", "quote": "The Cedar lasts nine hours."}],
            "near": ["c2"],
            "answer": "Nine hours [1].",
        },
        {
            "ask": "and its price?",
            "kind": "abstain",
            "rewrite": "What is the price of the Cedar?",
            "answerable": False,
            "evidence": [],
            "near": ["c2"],
            "answer": "",
        },
        {
            "ask": "ok, which lamp is it?",
            "kind": "ambiguous",
            "rewrite": "Which lamp is it?",
            "answerable": "ask back",
            "evidence": [{"chunk": "c1", "quote": "Cedar"}, {"chunk": "c2", "quote": "Birch"}],
            "answer": "Do you mean the Cedar or the Birch?",
            "options": ["Cedar", "Birch"],
        },
    ],
}
CHUNKS = [
    {"packet": "p1", "id": "c1", "title": "Lamps", "heading": "Cedar", "text": "The Cedar lasts nine hours."},
    {"packet": "p1", "id": "c2", "title": "Lamps", "heading": "Birch", "text": "The Birch costs 20 euros."},
    {"packet": "p1", "id": "c3", "title": "News", "text": "The Cedar lasts nine hours."},
    {"packet": "p2", "id": "c4", "title": "Lamps", "text": "The Cedar lasts long."},
    *({"packet": "p1", "id": f"o{n}", "title": "Other", "text": f"Text {n}."} for n in range(20)),
]


def written(folder: Path, dialogue: object = DIALOGUE, *, chunks: bool = True) -> Path:
    if chunks:
        (folder / "chunks.jsonl").write_text("\n".join(map(json.dumps, CHUNKS)))
    path = folder / "train.jsonl"
    path.write_text(json.dumps(dialogue))
    return path


def test_a_turn_gives_an_example_of_answering_with_its_evidence_its_near_miss_and_others(
    tmp_path: Path,
) -> None:
    first = next(grounding_examples(written(tmp_path)))
    assert (first.question, first.message) == (
        "How long does the Cedar last?",
        "how long does the cedar last",
    )
    assert (first.answer, first.evidence, first.kind) == ("Nine hours [1].", ("c1",), "lookup")
    shown = [passage.id for passage in first.passages]
    assert shown[0] == "c1", "the best ranked comes first"
    assert {"c1", "c2"} < set(shown)
    assert len(shown) == OTHERS + 2
    assert first.passages[0].title == "Lamps > Cedar"


def test_no_other_passage_says_what_the_evidence_says(tmp_path: Path) -> None:
    first = next(grounding_examples(written(tmp_path)))
    assert "c3" not in {passage.id for passage in first.passages}


def test_a_turn_with_a_history_is_an_example_of_rewriting_too(tmp_path: Path) -> None:
    rewriting = [each for each in read_imported(written(tmp_path)) if isinstance(each, RewritingExample)]
    assert [each.question for each in rewriting] == ["and its price?", "ok, which lamp is it?"]
    assert [line.text for line in rewriting[0].history] == ["how long does the cedar last", "Nine hours [1]."]
    assert rewriting[1].history[-1].abstained
    assert {each.source for each in rewriting} == {"support_followups"}


def test_a_question_back_keeps_its_options(tmp_path: Path) -> None:
    last = list(grounding_examples(written(tmp_path)))[-1]
    assert (last.answerable, last.options) == ("ask back", ("Cedar", "Birch"))


def test_dialogues_without_their_chunks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="beside"):
        list(grounding_examples(written(tmp_path, chunks=False)))


def test_a_chunk_that_is_not_there_is_refused_with_its_row(tmp_path: Path) -> None:
    turn = DIALOGUE["turns"][0] | {"near": ["c9"]}
    with pytest.raises(BadFile, match="p1 does not have"):
        list(grounding_examples(written(tmp_path, DIALOGUE | {"turns": [turn]})))
