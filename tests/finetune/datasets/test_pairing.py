"""Up over down: only for the same question from the same passages, and everybody once."""

from collections.abc import Sequence
from pathlib import Path

from finetune.datasets.pairing import pairs
from finetune.examples import GivenPassage, RatedExample

VOLTS, RETURNS = GivenPassage(id="volts", text="230 volts."), GivenPassage(id="returns", text="30 days.")


def rated(
    name: str, question: str, welcome: bool, passages: Sequence[GivenPassage] = (VOLTS,)
) -> RatedExample:
    return RatedExample(
        id=f"log:{name}:2",
        history=(),
        question=question,
        passages=tuple(passages),
        answer=f"The answer to {name}.",
        welcome=welcome,
    )


def paired(tmp_path: Path, *examples: RatedExample) -> list[tuple[str, str]]:
    file = tmp_path / "rated.train.jsonl"
    file.write_text("".join(example.model_dump_json() + "\n" for example in examples), encoding="utf-8")
    return [(pair.example.chosen, pair.example.rejected) for pair in pairs(file)]


def test_a_welcome_answer_over_one_that_was_not(tmp_path):
    liked, disliked = rated("ada", "What voltage?", True), rated("ben", "what voltage", False)
    expected = [(liked.answer, disliked.answer)]
    assert paired(tmp_path, liked, disliked) == paired(tmp_path, disliked, liked) == expected


def test_answers_to_another_question_or_from_other_passages_are_not_compared(tmp_path):
    liked = rated("ada", "What voltage?", True)
    assert paired(tmp_path, liked, rated("ben", "What colour?", False)) == []
    assert paired(tmp_path, liked, rated("ben", "What voltage?", False, (VOLTS, RETURNS))) == []


def test_nobody_is_heard_twice(tmp_path):
    liked = rated("ada", "What voltage?", True)
    against = [rated(name, "What voltage?", False) for name in ("ben", "cho", "dee")]
    assert paired(tmp_path, *against, liked) == [(liked.answer, against[0].answer)]
