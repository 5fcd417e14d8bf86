"""In a group the bot speaks only when it is spoken to, and within the group's limits."""

from typing import Any

import pytest

from bot.channels.telegram.limits import SendInterval, SendIntervals, SendLimits
from dialogue.conversation import Address
from tests.bot.channels.telegram.deployed_channel import VOICE, Deployment, FakeStep, deployed
from tests.botapi import BotApi, Floodgate, Person, Room

ADA, BOB = Person(11, "Ada"), Person(12, "Bob")
GROUP = Room(-100)
EN = VOICE.wording("en")


def sentence(text: str) -> str:
    return text.partition(":")[0]


def finished(api: BotApi) -> list[str]:
    """The answers in the group, without those that still grow."""
    return [text for text in api.texts(GROUP) if "Sources" in text]


async def test_the_bot_answers_only_what_is_addressed_to_it(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "Lunch, anyone?", GROUP)
    api.inbox.say(BOB, "@other_bot which voltage?", GROUP)
    api.inbox.say(BOB, "/help@other_bot", GROUP)
    api.inbox.say(BOB, "/weather", GROUP)
    api.inbox.send(
        BOB,
        GROUP,
        sticker={"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 1}
        | {"height": 1, "is_animated": False, "is_video": False},
    )
    api.inbox.say(ADA, "@Groundtalk_Bot, which voltage?", GROUP)

    await api.until(lambda: api.texts(GROUP))

    assert bot.step.questions == ["which voltage?"]


async def test_the_answer_replies_to_the_question(api: BotApi, bot: Deployment) -> None:
    question = api.inbox.say(ADA, "which voltage? @groundtalk_bot", GROUP)

    await api.until(lambda: api.texts(GROUP))

    assert api.shown(GROUP)[0]["reply_parameters"]["message_id"] == question["message_id"]
    assert bot.step.questions == ["which voltage?"]


async def test_a_mention_is_taken_out_behind_an_emoji_and_in_chinese(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "👋😀 @groundtalk_bot 充电器的电压是多少？", GROUP)

    await api.until(lambda: api.texts(GROUP))

    assert bot.step.questions == ["👋😀 充电器的电压是多少？"]


async def test_a_reply_to_the_bot_goes_on(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP)
    await api.until(lambda: finished(api))
    api.inbox.say(BOB, "and which colour?", GROUP, reply_to=api.shown(GROUP)[0])
    await api.until(lambda: len(finished(api)) == 2)

    home = await bot.store.conversations.current(Address("telegram", "-100"))
    assert home is not None
    spoken = [turn.author for turn in await bot.store.turns.after(home.id, number=0, limit=10)]
    assert spoken == ["11", None, "12", None]


async def test_commands_work_with_and_without_the_bots_name(api: BotApi, bot: Deployment) -> None:
    api.inbox.say(ADA, "/help", GROUP)
    api.inbox.say(ADA, "/help@groundtalk_bot", GROUP)
    api.inbox.say(ADA, "@groundtalk_bot", GROUP)

    await api.until(lambda: len(api.texts(GROUP)) == 3)

    assert set(api.texts(GROUP)) == {EN.help}


async def test_a_topic_is_a_conversation_of_its_own(api: BotApi, bot: Deployment) -> None:
    first = {"message_id": 1, "date": 0, "chat": GROUP.json, "from": api.me, "message_thread_id": 77}
    topic: dict[str, Any] = {
        "is_topic_message": True,
        "message_thread_id": 77,
        "reply_to": first | {"forum_topic_created": {"name": "Chargers", "icon_color": 1}},
    }
    api.inbox.say(ADA, "not for the bot", GROUP, **topic)
    api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP, **topic)

    await api.until(lambda: api.texts(GROUP))

    assert bot.step.questions == ["which voltage?"]
    assert api.shown(GROUP)[0]["message_thread_id"] == 77
    assert await bot.store.conversations.current(Address("telegram", "-100:77")) is not None


async def test_other_bots_are_ignored_and_anonymous_administrators_are_not(
    api: BotApi, bot: Deployment
) -> None:
    machine = {"id": 99, "is_bot": True, "first_name": "Machine"}
    api.inbox.say(ADA, "@groundtalk_bot one", GROUP, **{"from": machine})
    api.inbox.say(ADA, "@groundtalk_bot two", GROUP, **{"from": machine, "sender_chat": GROUP.json})

    await api.until(lambda: api.texts(GROUP))

    assert bot.step.questions == ["two"]


async def test_the_answer_grows_in_a_message_that_becomes_the_answer(api: BotApi, sqlite_url: str) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.4), limits=None):
        api.inbox.say(ADA, "@groundtalk_bot which voltage?", GROUP)
        await api.until(lambda: finished(api), seconds=10)

    assert len(api.shown(GROUP)) == 1
    assert api.called("sendMessage")[0]["text"].endswith(" …")
    assert len(api.called("editMessageText")) >= 2
    assert "reply_markup" in api.shown(GROUP)[0]
    assert api.drafts == []


async def test_a_busy_group_never_floods_telegram(sqlite_url: str) -> None:
    """Everything twenty times faster than real, the server's limits and the bot's alike."""
    limits = SendLimits(
        SendIntervals(SendInterval(0.05), SendInterval(0.2, burst=5), SendInterval(0.002, burst=5))
    )
    async with (
        BotApi(floodgate=Floodgate(second=0.05, burst=1)) as api,
        deployed(api.base_url, sqlite_url, FakeStep(pause=0.005), limits=limits),
    ):
        for number in range(12):
            api.inbox.say(Person(20 + number), f"@groundtalk_bot {number}", GROUP)
        await api.until(lambda: len(finished(api)) == 12, seconds=15)

    assert api.floods == 0
    assert sorted(map(sentence, api.texts(GROUP))) == sorted(f"About {number}" for number in range(12))


@pytest.mark.parametrize("text", ["@groundtalk_bot" + " word" * 801])
async def test_refusals_reply_to_the_message_they_are_about(api: BotApi, bot: Deployment, text: str) -> None:
    question = api.inbox.say(ADA, text, GROUP)

    await api.until(lambda: api.texts(GROUP))

    assert api.texts(GROUP) == [EN.too_long]
    assert api.shown(GROUP)[0]["reply_parameters"]["message_id"] == question["message_id"]
