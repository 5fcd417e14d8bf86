"""Examples made from an exchange follow the feedback on it; pairs are made of one up and one down."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialogue.conversation import Role, Turn
from finetune.datasets.dataset import kind_of
from finetune.datasets.examples_from_log import examples_of, has_unsupported_correction, preference_pairs
from finetune.datasets.log import Exchange, FeedbackEntry
from finetune.examples import Example, ExamplePassage, RatedExample
from tests.finetune.datasets.logged import PASSAGES, answer

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
CITED = answer()
PLAIN = "The charger takes 230 volts."
ABSTAINED = answer("I could not find that.", abstained=True)
CORRECTION = "Goods may be returned within 30 days."


def exchange(reply=CITED, *, first: bool = False) -> Exchange:
    before = (
        Turn("c", 1, Role.USER, "Which charger do I need?", MOMENT),
        Turn("c", 2, Role.ASSISTANT, "The grey charger.", MOMENT),
    )
    said = Turn(
        "c", 4, Role.ASSISTANT, reply.text, MOMENT, reply_to=3, query=reply.query,
        citations=reply.citations, abstained=reply.abstained,
    )  # fmt: skip
    return Exchange(
        account="web:ada",
        history=() if first else before,
        question=Turn("c", 3, Role.USER, "And what voltage does it take?", MOMENT),
        answer=said,
        failed=reply.failed,
        passages=reply.passages,
        feedback=(),
    )


def rating(*, up: bool, correction: str | None = None, rater: str = "web:ada") -> FeedbackEntry:
    return FeedbackEntry("c", 4, rater, up, correction)


LIKED, DISLIKED = rating(up=True), rating(up=False)
CORRECTED = rating(up=False, correction=CORRECTION)


def made(taught: Exchange, *feedback: FeedbackEntry) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for example in examples_of(replace(taught, feedback=feedback)):
        found.setdefault(kind_of(example), []).append(example)
    return found


def test_a_cited_answer_that_nobody_objected_to():
    examples = made(exchange())
    assert set(examples) == {"rewriting", "grounding", "retrieval"}
    (rewriting,), (grounding,), (retrieval,) = examples.values()
    assert (rewriting.question, rewriting.rewrite) == ("And what voltage does it take?", CITED.query)
    assert [line.text for line in rewriting.history] == ["Which charger do I need?", "The grey charger."]
    assert (grounding.question, grounding.answer, grounding.answerable) == (CITED.query, PLAIN, True)
    assert (grounding.evidence, len(grounding.passages)) == (("volts",), 2)
    assert (retrieval.query, retrieval.positive.id) == (CITED.query, "volts")
    assert [passage.id for passage in retrieval.negatives] == ["returns"]


def test_a_welcome_answer_is_learnt_and_rated():
    (rated,) = made(exchange(), LIKED)["rated"]
    assert rated.welcome
    assert rated.answer == CITED.text


def test_an_answer_that_was_rated_down_teaches_only_that():
    examples = made(exchange(), DISLIKED)
    assert set(examples) == {"rated"}
    assert not examples["rated"][0].welcome


def test_a_correction_takes_the_place_of_the_answer_with_its_own_grounds():
    examples = made(exchange(), CORRECTED)
    assert set(examples) == {"grounding", "preference", "rated", "retrieval"}
    (grounding,), (preference,) = examples["grounding"], examples["preference"]
    assert grounding.answer == CORRECTION
    assert grounding.evidence == ("returns",)
    assert (preference.chosen, preference.rejected) == (
        "Goods may be returned within 30 days [2].",
        CITED.text,
    )
    assert examples["retrieval"][0].positive.id == "returns"


def test_a_correction_that_no_passage_bears_out_is_not_learnt():
    invented = rating(up=False, correction="It takes 48000 volts, as everybody knows.")
    assert set(made(exchange(), invented)) == {"rated"}
    assert has_unsupported_correction(replace(exchange(), feedback=(invented,)))
    assert not has_unsupported_correction(replace(exchange(), feedback=(CORRECTED,)))


def test_a_correction_may_be_that_nothing_answers():
    nothing = rating(up=False, correction="NO ANSWER")
    examples = made(exchange(), nothing)
    assert set(examples) == {"grounding", "preference", "rated"}
    (grounding,), (preference,) = examples["grounding"], examples["preference"]
    assert (grounding.answerable, grounding.evidence, grounding.answer) == (False, (), "NO ANSWER")
    assert (preference.chosen, preference.rejected) == ("NO ANSWER", CITED.text)
    assert not has_unsupported_correction(replace(exchange(), feedback=(nothing,)))


def test_one_correction_does_not_stand_against_most_people():
    others = [rating(up=True, rater=f"web:{name}") for name in ("ben", "cho")]
    examples = made(exchange(), CORRECTED, *others)
    assert "preference" not in examples
    assert examples["grounding"][0].answer == PLAIN


def test_the_last_correction_counts():
    newer = rating(up=False, correction="It is grey.", rater="web:ben")
    assert made(exchange(), CORRECTED, newer)["preference"][0].chosen == "It is grey [1]."


def test_an_abstention_that_nobody_objected_to_is_right():
    (grounding,) = made(exchange(ABSTAINED))["grounding"]
    assert (grounding.answerable, grounding.evidence) == (False, ())
    assert set(made(exchange(ABSTAINED))) == {"grounding"}


def test_an_abstention_that_was_rated_down_is_not():
    assert set(made(exchange(ABSTAINED), DISLIKED)) == {"rated"}


def test_a_first_question_needs_no_rewrite():
    assert "rewriting" not in made(exchange(first=True))


def test_a_rewrite_that_drifts_is_not_learnt():
    drifted = replace(CITED, query="Zebras sleep standing in the savannah at night?")
    assert "rewriting" not in made(exchange(drifted))


@pytest.mark.parametrize(
    "reply", [replace(CITED, failed=True), replace(CITED, passages=()), replace(CITED, query="")]
)
def test_what_was_no_answer_from_passages_teaches_nothing(reply):
    assert made(exchange(reply), LIKED) == {}


def test_words_that_cite_nothing_are_not_learnt_as_an_answer():
    assert made(exchange(answer("It takes 230 volts."))) == {}
    assert set(made(exchange(answer("It takes 230 volts.")), LIKED)) == {"rewriting", "rated"}


def test_every_cited_passage_is_a_positive_and_none_of_them_a_negative():
    both = answer("It takes 230 volts [1]. Goods may be returned within 30 days [2].")
    told = [(e.id.rsplit(":", 1)[1], e.positive.id, e.negatives) for e in made(exchange(both))["retrieval"]]
    assert told == [("1", "volts", ()), ("2", "returns", ())]
    assert len(PASSAGES) == 2


VOLTS, RETURNS = ExamplePassage(id="volts", text="230 volts."), ExamplePassage(id="returns", text="30 days.")


def rated(
    name: str, question: str, welcome: bool, passages: Sequence[ExamplePassage] = (VOLTS,)
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
    return [(pair.example.chosen, pair.example.rejected) for pair in preference_pairs(file)]


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
