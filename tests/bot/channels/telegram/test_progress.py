"""What a person sees on Telegram before the first word: a draft in a private chat, "typing" everywhere else."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram import TelegramChannel, connect
from dialogue.conversation import Address
from dialogue.events import Queued, Writing
from tests.bot.channels.bot_fixture import ANSWER, VOICE, BotFixture, bot_fixture
from tests.bot.channels.telegram.deployed_channel import fast_limits
from tests.botapi import BotApi, Person, Room

ADA, LI = Person(11, "Ada"), Person(12, "Li", language="zh-hans")
GROUP = Room(-100)
FOUND = "Found in: Returns · Refunds\n“You may return it within 30 days of delivery, in its box.”"


@pytest.fixture
async def reading(api: BotApi, sqlite_url: str) -> AsyncIterator[BotFixture]:
    """A bot whose model does not begin."""
    channel = TelegramChannel(connect(api.token, api.base_url), VOICE, limits=fast_limits())
    async with bot_fixture(sqlite_url, channel) as bot:
        bot.chat_model.read.clear()
        yield bot
        bot.chat_model.read.set()


async def conversation(bot: BotFixture, account: str) -> str:
    current = await bot.store.conversations.current(Address("telegram", account))
    assert current is not None
    return current.id


def drafts(api: BotApi, person: Person) -> list[str]:
    return [draft["text"] for draft in api.drafts if int(draft["chat_id"]) == person.id]


async def test_a_draft_shows_what_was_found_and_then_the_answer(api: BotApi, reading: BotFixture) -> None:
    api.inbox.say(ADA, "Until when can I return it?")
    await api.until(lambda: api.drafts)
    assert [draft["text"] for draft in api.drafts] == [FOUND]
    assert api.texts(ADA.room) == []

    reading.chat_model.pause = 1.5
    reading.chat_model.read.set()
    await api.until(lambda: api.texts(ADA.room))
    later = [draft["text"] for draft in api.drafts[1:]]
    assert later
    assert all(ANSWER.startswith(text) for text in later)
    assert len({draft["draft_id"] for draft in api.drafts}) == 1
    assert api.texts(ADA.room)[0].startswith(ANSWER)


async def test_the_draft_says_how_long_it_takes(api: BotApi, reading: BotFixture) -> None:
    api.inbox.say(ADA, "Until when can I return it?")
    await api.until(lambda: api.drafts)
    reading.events.publish(await conversation(reading, "11"), Writing(1, 8.2, 21.0))
    await api.until(lambda: len(api.drafts) > 1, seconds=8)
    assert api.drafts[1]["text"].startswith(f"{FOUND}\n\nThe answer starts in about ")


async def test_who_waits_for_a_worker_is_told_in_their_language(api: BotApi, reading: BotFixture) -> None:
    reading.manager._max_concurrency = 1
    api.inbox.say(ADA, "Until when can I return it?")
    await api.until(lambda: api.drafts)
    api.inbox.say(LI, "退货期是多久？")
    await api.until(lambda: drafts(api, LI))
    assert drafts(api, LI) == [VOICE.wording("zh").queued]
    reading.events.publish(await conversation(reading, "12"), Queued(1, 1, 42.0))
    await api.until(lambda: len(drafts(api, LI)) > 1, seconds=8)
    assert "秒后轮到您" in drafts(api, LI)[1]


async def test_a_group_sees_only_that_the_bot_types(api: BotApi, reading: BotFixture) -> None:
    api.inbox.say(ADA, "@groundtalk_bot until when can I return it?", GROUP)
    await api.until(lambda: api.called("sendChatAction"))
    await api.until(lambda: reading.events._progress)
    assert (api.texts(GROUP), api.drafts) == ([], [])
    reading.chat_model.read.set()
    await api.until(lambda: api.texts(GROUP) and "Sources" in api.texts(GROUP)[0])
    assert not any("Found in" in text for text in api.texts(GROUP))
