"""The default steps of a turn: hand-over and small talk first, then rewriting, retrieving, grounding."""

from dataclasses import replace

import pytest

from dialogue.conversation import Answer, Mode
from tests.dialogue.bot_process import VOICE, BotProcess, bot_process, until
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.dialogue.store.samples import ask

FOLLOW_UP = "And is it grey?"


async def answered(bot: BotProcess, text: str) -> Answer:
    """What was observed when the answer to `text` was committed."""
    seen = len(bot.observed)
    receipt = await bot.say(text)
    await bot.answer_to(receipt.conversation.id, receipt.turn.number)
    await until(lambda: len(bot.observed) > seen)  # it is in the store a moment before it is observed
    return bot.observed[-1]


async def test_an_answer_names_its_grounds(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        answer = await answered(bot, "What voltage?")

    assert (answer.query, answer.language, answer.release) == ("What voltage?", "en", "test")
    assert [passage.chunk for passage in answer.passages] == ["manual-1"]
    assert [citation.quote for citation in answer.citations] == ["The charger takes 230 volts."]


async def test_a_follow_up_is_searched_for_in_its_rewritten_form(sqlite_url: str) -> None:
    chat_model = FakeChatModel(
        answers=["It takes 230 volts [1].", "It is grey [1]."], rewrites=["Is the charger grey?"]
    )
    async with bot_process(sqlite_url, chat_model=chat_model) as bot:
        await answered(bot, "What voltage does the charger take?")
        answer = await answered(bot, FOLLOW_UP)

    assert answer.query == "Is the charger grey?"
    assert "Is the charger grey?" in bot.chat_model.prompts[-1]


async def test_nothing_found_is_an_abstention_without_asking_the_model(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        answer = await answered(bot, "How is the weather?")

    assert answer.abstained
    assert answer.text == "abstention handoff"
    assert bot.chat_model.prompts == []


@pytest.mark.parametrize("refusal", ["NO ANSWER", "no answer.", "NO ANSWER: the passages do not say."])
async def test_a_refusal_is_an_abstention_that_nobody_sees_coming(sqlite_url: str, refusal: str) -> None:
    async with bot_process(sqlite_url, chat_model=FakeChatModel(answers=[refusal])) as bot:
        answer = await answered(bot, "What voltage?")

    assert answer.abstained
    assert "first_token" not in answer.timings


async def test_an_invented_number_is_not_passed_on(sqlite_url: str) -> None:
    chat_model = FakeChatModel(answers=["It takes 230 volts [1]. It costs 999 euros [1]."])
    async with bot_process(sqlite_url, chat_model=chat_model) as bot:
        answer = await answered(bot, "What voltage?")

    assert answer.text == "It takes 230 volts [1]."


@pytest.mark.parametrize(("text", "reply"), [("Hello!", "greeting"), ("Thank you", "welcome")])
async def test_small_talk_needs_no_search(sqlite_url: str, text: str, reply: str) -> None:
    async with bot_process(sqlite_url) as bot:
        answer = await answered(bot, text)

    assert (answer.text, answer.passages, answer.abstained) == (reply, (), False)


async def test_thanks_after_an_abstention_are_no_request_for_a_human(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        await answered(bot, "How is the weather?")
        answer = await answered(bot, "Thanks")

    assert (answer.text, answer.hand_over) == ("welcome", False)


async def test_what_looks_like_a_template_is_left_as_it_is(sqlite_url: str) -> None:
    braces = replace(VOICE.wording("en"), greeting="I am {0} {x}.", failure="{sorry}")
    voice = replace(VOICE, wordings={"en": braces})
    async with bot_process(sqlite_url, voice=voice) as bot:
        greeting = await answered(bot, "Hello")
        answer = await answered(bot, "What is the voltage of {charger}?")

    assert greeting.text == "I am {0} {x}."
    assert answer.text == "It takes 230 volts [1]."


async def test_what_is_said_of_a_void_preview_depends_on_who_goes_on(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        turn = await ask(bot.store, "What voltage?")
        conversation = await bot.store.conversations.get(turn.conversation)

        assert bot.responder.retraction(conversation, turn) == "retrying"
        assert bot.responder.retraction(replace(conversation, mode=Mode.HUMAN), turn) == "handed_over"
