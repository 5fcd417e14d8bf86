"""What messages of each kind ask for, with a model that would rewrite nothing well."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dialogue.conversation import Role, Turn
from dialogue.request import Request, read_request, searches
from dialogue.rewriting import Rewriter
from tests.dialogue.fake_chat_model import FakeChatModel

FORMER = "How long is the guarantee on a Hearth 10?"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = Turn("c", 1, Role.USER, "And on the Hearth?", NOW)
ANSWERED = Turn("c", 2, Role.ASSISTANT, "Ten years [1].", NOW, query=FORMER)


async def asked(text: str, history: list[Turn], rewrite: object = RuntimeError("asked")) -> Request:
    return await read_request(Rewriter(FakeChatModel(rewrites=[rewrite])), history, text, "en")


@pytest.mark.parametrize(
    ("text", "language"), [("in short", None), ("in German please", "de"), ("and in a table?", None)]
)
async def test_an_instruction_asks_the_former_question_again(text: str, language: str | None) -> None:
    request = await asked(text, [ASKED, ANSWERED])
    assert request == Request(FORMER, ((FORMER,),), text, language)
    assert request.asked == f"{FORMER} {text}"


@pytest.mark.parametrize(
    "text", ["why?", "Why not?", "ok, why?", "Warum?", "为什么？", "なぜですか？", "are you sure?"]
)
async def test_why_is_about_the_former_question(text: str) -> None:
    request = await asked(text, [ASKED, ANSWERED])
    assert (request.question, request.instruction) == (FORMER, text)


@pytest.mark.parametrize(
    "text", ["can you answer this?", "?", "Please help!", "Anyone know?", "能回答一下吗？"]
)
async def test_a_message_that_only_points_asks_what_was_said_before(text: str) -> None:
    said = replace(ASKED, text="Which voltage does the charger take?")
    assert (await asked(text, [said])).asked == said.text


async def test_an_instruction_after_an_abstention_and_small_talk_finds_the_question() -> None:
    thanks = [replace(ASKED, number=3, text="Thanks!"), replace(ANSWERED, number=4, query="Thanks!")]
    request = await asked("in short", [ASKED, replace(ANSWERED, abstained=True), *thanks])
    assert request.question == FORMER


@pytest.mark.parametrize("text", ["in short", "why?", "?", "can you answer this?"])
async def test_without_a_former_question_the_words_stand_for_themselves(text: str) -> None:
    assert (await asked(text, [])).question == text


async def test_a_question_with_an_instruction_is_searched_for_without_it() -> None:
    request = await asked(
        "And on the Volt 11? In German please.", [ASKED, ANSWERED], "How long on a Volt 11?"
    )
    assert request.searches == (("How long on a Volt 11?", f"{FORMER} And on the Volt 11?"),)
    assert (request.instruction, request.language) == ("In German please.", "de")


@pytest.mark.parametrize("rewrite", ["And on a Volt 11?", "Who ate my submarine with a spoon?"])
async def test_a_short_message_that_could_not_be_rewritten_is_answered_behind_the_former_question(
    rewrite: str,
) -> None:
    request = await asked("And on a Volt 11?", [ASKED, ANSWERED], rewrite)
    assert (request.question, request.asked) == ("And on a Volt 11?", f"{FORMER} And on a Volt 11?")
    assert request.searches == (("And on a Volt 11?", request.asked),)


async def test_a_long_message_is_answered_alone_and_searched_for_in_context_too() -> None:
    own = "My brother lent it to a friend in Peru and the lamp broke there, who pays for repairs?"
    request = await asked(own, [ASKED, ANSWERED], own)
    assert (request.asked, request.searches) == (own, ((own, f"{FORMER} {own}"),))


async def test_a_short_question_that_is_complete_is_not_answered_behind_the_former_one() -> None:
    own = "Who won the football world cup in 1998?"
    assert (await asked(own, [ASKED, ANSWERED], own)).asked == own


async def test_a_change_of_topic_takes_nothing_along() -> None:
    request = await asked("Leave that, other thing: how do I print an old invoice?", [ASKED, ANSWERED])
    assert (request.asked, request.searches) == ("how do I print an old invoice?", ((request.asked,),))


def test_the_person_s_own_words_are_searched_for_too_where_they_say_enough() -> None:
    own = "which voltage does its charger take"
    assert searches("Which voltage does the charger of a Volt take?", own) == (
        ("Which voltage does the charger of a Volt take?", own),
    )


def test_each_of_several_questions_is_searched_for() -> None:
    both = "How heavy is a Hearth 10 with packaging? What does a Volt 11 charger cost?"
    assert searches(both, both) == (
        (both,),
        ("How heavy is a Hearth 10 with packaging?",),
        ("What does a Volt 11 charger cost?",),
    )
