"""A follow-up becomes a standalone question; a rewrite that drifts is not used."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dialogue.conversation import Role, Turn
from dialogue.rewriting import Rewriter, clean_rewrite, corrects_itself, drifts, visible_history
from dialogue.standalone import refers_back
from tests.dialogue.fake_chat_model import FakeChatModel


def turn(number: int, role: Role, text: str) -> Turn:
    return Turn("c", number, role, text, datetime(2026, 1, 1, tzinfo=UTC))


HISTORY = [
    turn(1, Role.USER, "How long is the guarantee on a Hearth 10?"),
    turn(2, Role.ASSISTANT, "The guarantee on a Hearth 10 is 10 years [1]."),
]


async def rewritten(rewrite: str, question: str = "And on a Volt 11?", history: list[Turn] = HISTORY) -> str:
    return await Rewriter(FakeChatModel(rewrites=[rewrite])).rewrite(history, question, "en")


async def test_the_rewrite_is_used() -> None:
    assert (
        await rewritten("How long is the guarantee on a Volt 11?")
        == "How long is the guarantee on a Volt 11?"
    )


async def test_the_first_question_stands_as_it_is() -> None:
    assert await rewritten("Something else entirely?", "And on a Volt 11?", []) == "And on a Volt 11?"


@pytest.mark.parametrize(
    "drifting",
    [
        "",
        "  \n ",
        "The guarantee on a Volt 11 is 5 years.",
        "Which purple dinosaur ate my grandmother's submarine?",
        "How long is the guarantee on a Volt 11? " * 20,
        "?",
    ],
)
async def test_a_rewrite_that_drifts_gives_way_to_the_person_s_own_words(drifting: str) -> None:
    assert await rewritten(drifting) == "And on a Volt 11?"


async def test_a_new_question_is_not_dropped_for_the_former_one() -> None:
    own = "Too short for us, where do we buy ten years more?"
    assert await rewritten("How long is the guarantee on a Hearth 10?", own) == own


async def test_the_model_sees_questions_as_they_were_understood_and_nothing_without_a_source() -> None:
    history = [
        turn(1, Role.USER, "And on a Volt 11?"),
        replace(
            turn(2, Role.ASSISTANT, "Oh, I like that one. It is 5 years [1]."),
            query="Guarantee of a Volt 11?",
        ),
        turn(3, Role.USER, "Thanks!"),
        replace(turn(4, Role.ASSISTANT, "You are welcome."), query="Thanks!"),
        turn(5, Role.USER, "And in Peru?"),
        replace(
            turn(6, Role.ASSISTANT, "I do not know about ponies."), query="Guarantee in Peru?", abstained=True
        ),
    ]
    seen = [one.text for one in visible_history(history)]
    assert seen == ["Guarantee of a Volt 11?", "It is 5 years [1].", "Guarantee in Peru?"]


async def test_after_an_abstention_a_rewrite_may_take_words_from_the_question_and_none_from_the_answer() -> (
    None
):
    history = [
        turn(1, Role.USER, "How loud is a Volt 11?"),
        replace(
            turn(2, Role.ASSISTANT, "Nothing about noise of ponies was found."),
            query="How loud is a Volt 11?",
            abstained=True,
        ),
    ]
    assert not drifts("How loud is a Hearth 10?", "And a Hearth 10?", history)
    assert drifts("Was noise of ponies found?", "And now?", history)


@pytest.mark.parametrize(
    "correction", ["No, the Hearth 12.", "sorry, on the Hearth 12", "Nein, beim Hearth 12", "不对，Hearth 12"]
)
def test_a_correction_keeps_of_its_words_what_it_corrects(correction: str) -> None:
    assert not drifts("How long is the guarantee on a Hearth 12?", correction, HISTORY)


def test_a_rewrite_that_drops_the_new_question_drifts() -> None:
    assert drifts(
        "How long is the guarantee on a Hearth 10?", "Too little for us, where do I buy more?", HISTORY
    )


async def test_an_engine_that_fails_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="down"):
        await Rewriter(FakeChatModel(rewrites=[RuntimeError("down")])).rewrite(
            HISTORY, "And on a Volt 11?", "en"
        )


async def test_chinese_is_rewritten_too() -> None:
    history = [turn(1, Role.USER, "小说可以借多久？"), turn(2, Role.ASSISTANT, "小说可以借28天 [1]。")]
    assert await rewritten("电影可以借多久？", "那电影呢？", history) == "电影可以借多久？"


@pytest.mark.parametrize(
    "reply",
    [
        "How long is it?",
        'Question: "How long is it?"',
        "\n\nHow long is it? [1]\n\nIt is 10 years.",
        "Rewritten question: How long is it?",
    ],
)
def test_what_models_put_around_a_rewrite_is_taken_off(reply: str) -> None:
    assert clean_rewrite(reply) == "How long is it?"


def test_a_statement_may_be_rewritten_to_a_statement() -> None:
    assert not drifts(
        "I want to return the Volt 11.", "I want to return it.", [turn(1, Role.USER, "The Volt 11 broke")]
    )


@pytest.mark.parametrize(
    "question",
    [
        "When uh what is the smallest pump?",
        "Who, no wait, what is the smallest pump?",
        "What is the longest no the smallest pump?",
    ],
)
async def test_a_trained_model_smooths_a_first_question_that_corrects_itself(question: str) -> None:
    smooth = "What is the smallest pump?"
    assert corrects_itself(question)
    assert (
        await Rewriter(FakeChatModel(rewrites=[smooth]), trained=True).rewrite([], question, "en") == smooth
    )
    assert await rewritten(smooth, question, []) == question


@pytest.mark.parametrize(
    "question", ["How tall is it?", "Is there no longer a guarantee?", "泵有多高？", "Nobody knows?"]
)
def test_an_even_question_is_not_a_correction(question: str) -> None:
    assert not corrects_itself(question)


@pytest.mark.parametrize(
    "left", ["And how long is it?", "What about a Volt 11?", "", "How long is its guarantee?"]
)
async def test_a_larger_model_has_a_second_look_where_a_rewrite_still_refers_back(left: str) -> None:
    second = Rewriter(FakeChatModel(rewrites=["How long is the guarantee on a Volt 11?"]))
    first = Rewriter(FakeChatModel(rewrites=[left]), trained=True, second=second)
    assert (
        await first.rewrite(HISTORY, "And on a Volt 11?", "en") == "How long is the guarantee on a Volt 11?"
    )


async def test_a_rewrite_that_stands_alone_needs_no_second_look() -> None:
    second = Rewriter(FakeChatModel(rewrites=[RuntimeError("nobody asked")]))
    whole = "How long is the guarantee on a Volt 11?"
    assert (
        await Rewriter(FakeChatModel(rewrites=[whole]), second=second).rewrite(HISTORY, "And?", "en") == whole
    )


@pytest.mark.parametrize("question", ["它多重？", "那个多少钱？", "So who built them?"])
def test_words_that_point_back_are_seen(question: str) -> None:
    assert refers_back(question)
