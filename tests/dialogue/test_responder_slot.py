"""The responder may be swapped while it answers: an attempt keeps its own, and the old one is left when it ends."""

import asyncio

import pytest

from dialogue.grounding import Grounder
from dialogue.responder import Responder, ResponderSlot
from dialogue.rewriting import Rewriter
from dialogue.steps import default_steps
from tests.dialogue.bot_process import VOICE, FakeRetriever, bot_process, chat, until
from tests.dialogue.fake_chat_model import FakeChatModel


def a_responder(turns=None, chat_model=None, release="one") -> Responder:
    chat_model = chat_model or FakeChatModel()
    steps = default_steps(Rewriter(chat_model), FakeRetriever(), Grounder(chat_model, VOICE))
    return Responder(turns, steps, VOICE, release=release)


async def test_an_attempt_keeps_its_responder_until_it_ends():
    first, second = a_responder(), a_responder()
    slot = ResponderSlot(first)
    with slot.acquire() as acquired:
        swapping = asyncio.create_task(slot.swap(second))
        await asyncio.sleep(0.01)
        assert acquired is first
        assert not swapping.done()
        with slot.acquire() as newcomer:
            assert newcomer is second
        assert not swapping.done()
    await swapping
    assert slot.responder is second


async def test_an_unused_responder_is_swapped_at_once():
    slot = ResponderSlot(a_responder())
    with slot.acquire():
        pass
    async with asyncio.timeout(1):
        await slot.swap(a_responder())


async def test_an_attempt_that_fails_gives_the_responder_back():
    slot = ResponderSlot(a_responder())
    with pytest.raises(ConnectionError), slot.acquire():
        raise ConnectionError("the cable again")
    async with asyncio.timeout(1):
        await slot.swap(a_responder())


async def test_a_current_answer_is_finished_by_the_responder_that_started_it(sqlite_url):
    async with bot_process(sqlite_url) as bot:
        bot.chat_model.pause()
        begun = await bot.say("Which voltage?")
        await until(lambda: bot.chat_model.streaming)

        swapping = asyncio.create_task(bot.slot.swap(a_responder(bot.store.turns, release="two")))
        await asyncio.sleep(0)
        newcomer = await bot.say("Which voltage?", chat("newcomer"))
        (later,) = await bot.answered(newcomer.conversation.id)
        assert not swapping.done()
        bot.chat_model.resume()
        (earlier,) = await bot.answered(begun.conversation.id)
        await swapping

    assert (earlier.release, later.release) == ("test", "two")
