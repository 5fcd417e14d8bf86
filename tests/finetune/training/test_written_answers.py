"""What a model learns from an answer that was written for it: its evidence is shown, its markers come first."""

import random
from typing import Any

import pytest

from dialogue.grounding import REFUSAL
from finetune.examples import ExamplePassage, GroundingExample
from finetune.training.written_answers import (
    MIN_LEFT,
    shown_passages,
    without_evidence,
    written_prompt,
    written_reply,
)

REST = "It comes with a white cable of two metres, stands on every desk, and is made of wood and steel."
PASSAGES = tuple(
    ExamplePassage(
        id=f"p{n}", title=f"Lamp {n}", text=f"Lamp {n} lasts {n} hours.\nIt weighs {n} kg.\n{REST}"
    )
    for n in range(12)
)


def example(**changed: Any) -> GroundingExample:
    values = {
        "id": "support:p:a",
        "history": (),
        "question": "How long does lamp 9 last, and what does lamp 3 weigh?",
        "message": "how long does it last",
        "passages": PASSAGES,
        "answer": "Lamp 9 lasts 9 hours [1].\nLamp 3 weighs 3 kg [2][1].",
        "answerable": True,
        "evidence": ("p9", "p3"),
        "quotes": ("Lamp 9 lasts 9 hours.", "It weighs 3 kg."),
        "written": True,
    }
    return GroundingExample(**values | changed)


@pytest.mark.parametrize("variant", range(20))
def test_every_prompt_of_an_answer_shows_its_evidence_and_the_markers_name_it(variant: int) -> None:
    messages, reply = written_prompt(example(), variant, 0)
    prompt = str(messages[-1].content)
    first, second = reply.splitlines()
    nine, three = first.partition(" ")[0], second.partition("]")[0].removeprefix("[")
    assert f"{nine} Lamp 9\n" in prompt
    assert f"[{three}] Lamp 3\n" in prompt
    assert first == f"{nine} Lamp 9 lasts 9 hours."
    assert second == f"[{three}]{nine} Lamp 3 weighs 3 kg."


def test_prompts_of_one_example_differ() -> None:
    assert len({str(written_prompt(example(), variant, 0)[0][-1].content) for variant in range(6)}) > 3


def test_without_its_evidence_a_question_is_refused() -> None:
    messages, reply = written_prompt(example(), 0, 1)
    assert reply == REFUSAL
    assert "Lamp 9 lasts" not in str(messages[-1].content)


def test_evidence_is_taken_only_from_what_is_answered_and_where_enough_is_left() -> None:
    partial = example(answerable="partial")
    assert without_evidence(partial) is partial
    few = example(passages=(PASSAGES[9], PASSAGES[3], *PASSAGES[: MIN_LEFT - 1]))
    assert without_evidence(few) is few


def test_passages_are_numbered_as_they_stand() -> None:
    shown = shown_passages(example(), random.Random(3))
    assert [passage.n for passage in shown] == list(range(1, len(shown) + 1))


def test_a_question_back_is_written_with_its_options() -> None:
    asking = example(answerable="ask back", answer="Lamp 3\nor lamp 9 [1]?", options=("Lamp 3", "Lamp 9"))
    assert written_reply(asking, ()) == "ASK: Lamp 3 or lamp 9?\n- Lamp 3\n- Lamp 9"
