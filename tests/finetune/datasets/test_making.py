"""What an exchange teaches follows what people said of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dialogue.conversation import Role, Turn
from finetune.datasets.dataset import kind_of
from finetune.datasets.log import Exchange, Opinion
from finetune.datasets.making import examples_of, unsupported
from finetune.examples import Example
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
        opinions=(),
    )


def opinion(*, up: bool, correction: str | None = None, rater: str = "web:ada") -> Opinion:
    return Opinion("c", 4, rater, up, correction)


LIKED, DISLIKED = opinion(up=True), opinion(up=False)
CORRECTED = opinion(up=False, correction=CORRECTION)


def made(taught: Exchange, *opinions: Opinion) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for example in examples_of(taught, opinions):
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
    invented = opinion(up=False, correction="It takes 48000 volts, as everybody knows.")
    assert set(made(exchange(), invented)) == {"rated"}
    assert unsupported(exchange(), [invented])
    assert not unsupported(exchange(), [CORRECTED])


def test_a_correction_may_be_that_nothing_answers():
    nothing = opinion(up=False, correction="NO ANSWER")
    examples = made(exchange(), nothing)
    assert set(examples) == {"grounding", "preference", "rated"}
    (grounding,), (preference,) = examples["grounding"], examples["preference"]
    assert (grounding.answerable, grounding.evidence, grounding.answer) == (False, (), "NO ANSWER")
    assert (preference.chosen, preference.rejected) == ("NO ANSWER", CITED.text)
    assert not unsupported(exchange(), [nothing])


def test_one_correction_does_not_stand_against_most_people():
    others = [opinion(up=True, rater=f"web:{name}") for name in ("ben", "cho")]
    examples = made(exchange(), CORRECTED, *others)
    assert "preference" not in examples
    assert examples["grounding"][0].answer == PLAIN


def test_the_last_correction_counts():
    newer = opinion(up=False, correction="It is grey.", rater="web:ben")
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
