"""Asked with /consent in a private chat, never for a group; only a button that was offered counts."""

from typing import Any

import pytest

from dialogue.conversation import Address
from tests.bot.channels.telegram.deployed_channel import VOICE, Deployment
from tests.botapi import BotApi, Person, Room

ADA, LI = Person(11, "Ada"), Person(12, "Li", language="zh-hans")
GROUP = Room(-100)
EN, ZH = VOICE.wording("en"), VOICE.wording("zh")
YES, NO = 0, 1


async def asked(api: BotApi, person: Person) -> dict[str, Any]:
    """The message with the question and its two buttons."""
    before = len(api.shown(person.room))
    api.inbox.say(person, "/consent")
    await api.until(lambda: len(api.shown(person.room)) > before)
    return dict(api.shown(person.room)[-1])


async def agreed(bot: Deployment, account: str) -> bool:
    current = await bot.store.conversations.current(Address("telegram", account))
    return current is not None and current.consent


async def test_a_yes_is_kept_and_confirmed(api: BotApi, bot: Deployment) -> None:
    api.press(LI, await asked(api, LI), 0, YES)
    await api.until(lambda: api.texts(LI.room) == [ZH.consent_given])

    assert await agreed(bot, "12")


async def test_a_no_takes_it_back(api: BotApi, bot: Deployment) -> None:
    api.press(ADA, await asked(api, ADA), 0, YES)
    await api.until(lambda: api.texts(ADA.room) == [EN.consent_given])
    api.press(ADA, await asked(api, ADA), 0, NO)
    await api.until(lambda: api.texts(ADA.room) == [EN.consent_given, EN.consent_withheld])

    assert not await agreed(bot, "11")


async def test_nobody_agrees_for_a_group(api: BotApi, bot: Deployment) -> None:
    message = api.inbox.say(ADA, "/consent", GROUP)
    await api.until(lambda: api.texts(GROUP) == [EN.consent_withheld])
    press = api.inbox.press(ADA, api.shown(GROUP)[0] | {"chat": message["chat"]}, "learn:11")
    await api.until(lambda: press["id"] in api.answers)

    assert not await agreed(bot, "-100")


@pytest.mark.parametrize("data", ["learn:12", "learn:", "learn"])
async def test_nobody_agrees_for_somebody_else(api: BotApi, bot: Deployment, data: str) -> None:
    press = api.inbox.press(ADA, await asked(api, ADA), data)
    await api.until(lambda: press["id"] in api.answers)

    assert api.texts(ADA.room) == [EN.ask_consent]
    assert not await agreed(bot, "11")


async def test_where_nobody_is_asked_nothing_is_learnt(api: BotApi, bot: Deployment) -> None:
    bot.manager.asks_consent = False
    shown = await asked(api, ADA)
    assert shown["text"] == EN.consent_withheld
    press = api.inbox.press(ADA, shown, "learn:11")
    await api.until(lambda: press["id"] in api.answers)
    assert not await agreed(bot, "11")
