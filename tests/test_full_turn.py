"""One conversation on real weights, from the settings to the stored answer: what `make run` serves."""

from collections.abc import AsyncIterator

import pytest

from bot.assembly import Runtime, open_runtime
from bot.channels.base import DirectChannel
from bot.settings import Settings
from dialogue.conversation import Address, Utterance
from dialogue.events import Accepted, Answered, Retrieved, Rewritten, Token, Writing

pytestmark = pytest.mark.weights

ADA = Address("test", "ada")


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture
async def bot(settings) -> AsyncIterator[Runtime]:
    opened = await open_runtime(settings, lambda stage, done, total: None, (DirectChannel("test"),))
    yield opened
    await opened.close()


async def say(bot: Runtime, text: str) -> list[object]:
    return [event async for event in bot.manager.converse(Utterance(ADA, text, text))]


async def test_a_question_and_a_follow_up_are_answered_from_the_handbook(bot):
    events = await say(bot, "How long is the warranty on a home battery?")
    kinds = list(dict.fromkeys(type(event) for event in events))
    assert kinds == [Accepted, Rewritten, Retrieved, Writing, Token, Answered]
    answer = events[-1]
    assert "10 years" in answer.text
    assert "en/warranty.md" in {citation.source for citation in answer.citations}

    events = await say(bot, "And how long is it for an e-bike battery?")
    (rewrite,) = (event for event in events if isinstance(event, Rewritten))
    assert "warranty" in rewrite.query.lower()
    assert "bike" in rewrite.query.lower()
    assert "en/warranty.md" in {citation.source for citation in events[-1].citations}

    stored = await bot.store.turns.after((await bot.store.conversations.current(ADA)).id, 0, 10)
    assert [turn.reply_to for turn in stored] == [None, 1, None, 3]
    assert stored[1].citations == answer.citations


async def test_what_the_handbook_does_not_hold_is_not_made_up(bot):
    answer = (await say(bot, "Who won the football world cup in 1998?"))[-1]
    assert answer.abstained
    assert answer.citations == ()
