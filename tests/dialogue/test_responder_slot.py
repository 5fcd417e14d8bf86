"""The responder that answers may be replaced while it answers: no turn is mixed, and the former one ends in peace."""

import asyncio

import pytest

from dialogue.grounding import Grounder
from dialogue.responder import Responder, ResponderSlot
from dialogue.rewriting import Rewriter
from tests.dialogue.bot_process import VOICE, FakeRetriever, bot_process, chat, until
from tests.dialogue.fake_chat_model import FakeChatModel


def someone(store=None, speaker=None, release="one") -> Responder:
    speaker = speaker or FakeChatModel()
    return Responder(
        store, Rewriter(speaker), FakeRetriever(), Grounder(speaker, VOICE), VOICE, release=release
    )


async def test_what_was_lent_stays_the_same_until_the_attempt_ends():
    first, second = someone(), someone()
    duty = ResponderSlot(first)
    with duty.lent() as lent:
        relieving = asyncio.create_task(duty.relieve(second))
        await asyncio.sleep(0.01)
        assert lent is first
        assert not relieving.done()
        with duty.lent() as newcomer:
            assert newcomer is second
        assert not relieving.done()
    await relieving
    assert duty.responder is second


async def test_who_holds_nothing_is_relieved_at_once():
    duty = ResponderSlot(someone())
    with duty.lent():
        pass
    async with asyncio.timeout(1):
        await duty.relieve(someone())


async def test_an_attempt_that_breaks_down_gives_back_what_it_was_lent():
    duty = ResponderSlot(someone())
    with pytest.raises(ConnectionError), duty.lent():
        raise ConnectionError("the cable again")
    async with asyncio.timeout(1):
        await duty.relieve(someone())


async def test_an_answer_in_progress_is_finished_by_who_began_it(sqlite_url):
    async with bot_process(sqlite_url) as bot:
        bot.speaker.hold()
        begun = await bot.say("Which voltage?")
        await until(lambda: bot.speaker.speaking)

        relieving = asyncio.create_task(bot.duty.relieve(someone(bot.store, release="two")))
        await asyncio.sleep(0)
        newcomer = await bot.say("Which voltage?", chat("newcomer"))
        (later,) = await bot.answered(newcomer.conversation.id)
        assert not relieving.done()
        bot.speaker.go_on()
        (earlier,) = await bot.answered(begun.conversation.id)
        await relieving

    assert (earlier.release, later.release) == ("test", "two")
