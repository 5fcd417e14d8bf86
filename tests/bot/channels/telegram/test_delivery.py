"""Answers arrive whatever Telegram does on the way: once where that can be known, else rather twice than never."""

import time

from tests.bot.channels.telegram.deployed_channel import SOURCE, Deployment, FakeStep, deployed
from tests.botapi import BotApi, Drop, Flood, Hang, Migrated, Pass, Person, Refuse, Room

ADA, BOB = Person(11, "Ada"), Person(12, "Bob")
GROUP = Room(-100)
LONG = " ".join(f"**Sentence** number {number} of a very long answer [1]. 😀" for number in range(300))


async def test_429_is_waited_out(api: BotApi, bot: Deployment) -> None:
    api.fault("sendMessage", Flood(1))
    api.inbox.say(ADA, "Which voltage?")
    begun = time.monotonic()

    await api.until(lambda: api.texts(ADA.room))

    assert time.monotonic() - begun > 1
    assert len(api.called("sendMessage")) == 2


async def test_a_flooded_chat_does_not_hold_up_another(api: BotApi, bot: Deployment) -> None:
    api.fault("sendMessage", Flood(60))
    api.inbox.say(ADA, "One")
    await api.until(lambda: api.called("sendMessage"))
    api.inbox.say(BOB, "Two")

    await api.until(lambda: api.texts(BOB.room), seconds=2)


async def test_what_telegram_did_not_take_is_sent_again(api: BotApi, bot: Deployment) -> None:
    api.fault("sendMessage", Drop(done=False), Refuse(500, "Internal Server Error"))
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: len(api.called("sendMessage")) == 3)

    assert len(api.texts(ADA.room)) == 1


async def test_a_message_that_may_have_arrived_is_sent_again(api: BotApi, bot: Deployment) -> None:
    api.fault("sendMessage", Drop(done=True))
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: len(api.called("sendMessage")) == 2)

    assert len(set(api.texts(ADA.room))) == 1


async def test_a_call_that_hangs_is_retried(api: BotApi, sqlite_url: str) -> None:
    api.fault("sendMessage", Hang())
    api.inbox.say(ADA, "Which voltage?")
    async with deployed(api.base_url, sqlite_url, read_seconds=0.2):
        await api.until(lambda: api.texts(ADA.room))

    assert len(api.texts(ADA.room)) == 1


async def test_a_message_to_someone_who_blocked_the_bot_is_abandoned(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "One")
    api.blocked.add(ADA.id)
    await api.until(lambda: api.called("sendMessage"))
    api.blocked.clear()
    api.inbox.say(ADA, "Two")
    await api.until(lambda: api.texts(ADA.room))

    assert [text.partition(":")[0] for text in api.texts(ADA.room)] == ["About Two"]


async def test_a_text_whose_styles_are_refused_arrives_plain(api: BotApi, bot: Deployment) -> None:
    api.fault("sendMessage", Refuse(400, "Bad Request: can't parse entities: unknown reason"))
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: api.texts(ADA.room))

    assert not api.shown(ADA.room)[0]["entities"]


async def test_a_long_answer_arrives_in_parts_and_thumbs_under_the_last(api: BotApi, sqlite_url: str) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(LONG)):
        api.inbox.say(ADA, "Tell me all")
        await api.until(lambda: any(SOURCE.quote in text for text in api.texts(ADA.room)))

    shown = api.shown(ADA.room)
    assert len(shown) > 3
    assert [("reply_markup" in message) for message in shown] == [False] * (len(shown) - 1) + [True]
    assert " ".join(api.texts(ADA.room)).startswith(LONG.replace("**", ""))


async def test_after_a_failure_only_the_missing_parts_are_sent(api: BotApi, sqlite_url: str) -> None:
    api.fault("sendMessage", Pass(), Pass(), Drop(done=False))
    async with deployed(api.base_url, sqlite_url, FakeStep(LONG)):
        api.inbox.say(ADA, "Tell me all")
        await api.until(lambda: any(SOURCE.quote in text for text in api.texts(ADA.room)))

    assert len(api.texts(ADA.room)) == len(set(api.texts(ADA.room)))
    assert len(api.called("sendMessage")) == len(api.texts(ADA.room)) + 1


async def test_a_group_that_moved_is_followed(api: BotApi, bot: Deployment) -> None:
    moved = Room(-200)
    api.inbox.rooms[moved.id] = moved
    api.fault("sendMessage", Refuse(500, "no preview this time"), Migrated(moved.id))
    api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP)

    await api.until(lambda: api.texts(moved))

    assert api.texts(GROUP) == []


async def test_a_preview_becomes_the_answer_exactly_once_even_over_a_cut_connection(
    api: BotApi, sqlite_url: str
) -> None:
    api.fault("editMessageText", Drop(done=True))
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.01)):
        api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP)
        await api.until(lambda: len(api.called("editMessageText")) == 2)
        await api.until(lambda: "Sources" in api.texts(GROUP)[0])

    assert len(api.texts(GROUP)) == 1


async def test_a_preview_that_somebody_deleted_is_replaced(api: BotApi, sqlite_url: str) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.05)):
        api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP)
        await api.until(lambda: api.texts(GROUP))
        api.inbox.messages[GROUP.id].pop(api.shown(GROUP)[0]["message_id"])
        await api.until(lambda: api.texts(GROUP))

    assert ["Sources" in text for text in api.texts(GROUP)] == [True]


async def test_where_drafts_are_refused_answers_grow_in_messages(api: BotApi, sqlite_url: str) -> None:
    api.fault("sendMessageDraft", Refuse(404, "Not Found"))
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.05)):
        api.inbox.say(ADA, "One")
        await api.until(lambda: "Sources" in "".join(api.texts(ADA.room)))
        api.inbox.say(ADA, "Two")
        await api.until(lambda: "".join(api.texts(ADA.room)).count("Sources") == 2)

    assert len(api.called("sendMessageDraft")) == 1
    assert len(api.called("editMessageText")) >= 1
    assert len(api.texts(ADA.room)) == 2


async def test_a_partial_answer_is_deleted_when_the_bot_stops(api: BotApi, sqlite_url: str) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=30)):
        api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP)
        await api.until(lambda: api.texts(GROUP))

    assert api.texts(GROUP) == []
    async with deployed(api.base_url, sqlite_url):
        await api.until(lambda: api.texts(GROUP) and "Sources" in api.texts(GROUP)[0], seconds=20)

    assert len(api.texts(GROUP)) == 1
