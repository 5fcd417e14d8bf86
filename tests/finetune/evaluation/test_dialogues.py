"""Support dialogues as rewriting examples and as a search set."""

import json
from pathlib import Path

import pytest

from dialogue.rewriting import visible_history
from finetune.errors import BadFile
from finetune.evaluation.sets import rewriting_at, searches_at
from finetune.examples import to_turns


def turn(ask: str, rewrite: str, chunk: str | None, answer: str) -> dict[str, object]:
    evidence = [{"chunk": chunk, "quote": "It takes 230 volts."}] if chunk else []
    answerable = chunk is not None
    return {"ask": ask, "kind": "followup", "rewrite": rewrite, "answerable": answerable} | {
        "evidence": evidence,
        "answer": answer,
    }


@pytest.fixture
def dialogues(tmp_path: Path) -> Path:
    turns = [
        turn("Voltage?", "Which voltage does it take?", "c1", "230 volts [1]."),
        turn("And the colour?", "Which colour is it?", None, "Nothing about colours."),
        turn("Where?", "Where does it take 230 volts?", "c1", "At home [1]."),
    ]
    rows = [{"id": "support:p:1", "packet": "p", "language": "en", "turns": turns}]
    chunks = [
        {"packet": packet, "id": f"c{n}", "title": "Lamp", "heading": "Power", "text": "It takes 230 volts."}
        for n, packet in enumerate(("p", "other"), 1)
    ]
    (tmp_path / "chunks.jsonl").write_text("\n".join(map(json.dumps, chunks)))
    path = tmp_path / "dev.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_every_follow_up_is_an_example_whose_history_knows_how_questions_were_understood(
    dialogues: Path,
) -> None:
    examples = list(rewriting_at(dialogues))
    assert [(one.question, one.rewrite, one.source) for one in examples] == [
        ("And the colour?", "Which colour is it?", "followup"),
        ("Where?", "Where does it take 230 volts?", "followup"),
    ]
    seen = [said.text for said in visible_history(to_turns(examples[1].history))]
    assert seen == ["Which voltage does it take?", "230 volts [1].", "Which colour is it?"]


def test_what_has_evidence_is_searched_for_among_the_chunks_of_its_packets(dialogues: Path) -> None:
    searches = searches_at(dialogues)
    assert [passage.id for passage in searches.corpus] == ["c1"]
    assert searches.corpus[0].title == "Lamp > Power"
    assert [question.question for question in searches.questions] == ["Voltage?", "Where?"]
    assert searches.relevant["support:p:1:3"] == {"c1": 1}


def test_dialogues_without_their_chunks_say_so(dialogues: Path) -> None:
    dialogues.with_name("chunks.jsonl").unlink()
    with pytest.raises(BadFile, match=r"chunks\.jsonl"):
        searches_at(dialogues)
