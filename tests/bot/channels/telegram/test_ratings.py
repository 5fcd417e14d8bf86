"""Thumbs under an answer, the correction that may follow, and being forgotten."""

from typing import Any

import pytest

from dialogue.conversation import Address
from dialogue.store.operators import RatedAnswer
from tests.bot.channels.telegram.deployed_channel import VOICE, Deployment
from tests.botapi import BotApi, Person, Room

ADA, BOB = Person(11, "Ada"), Person(12, "Bob")
GROUP = Room(-100)
EN = VOICE.wording("en")


@pytest.fixture
async def answer(api: BotApi, bot: Deployment) -> dict[str, Any]:
    """An answer that Ada got."""
    api.inbox.say(ADA, "Which voltage?")
    await api.until(lambda: api.texts(ADA.room))
    return api.shown(ADA.room)[0]


async def opinions(bot: Deployment) -> list[tuple[str, str, str | None]]:
    def plain(opinion: RatedAnswer) -> tuple[str, str, str | None]:
        return opinion.rater, opinion.rating, opinion.correction

    return [plain(opinion) for opinion in await bot.store.operators.ratings(limit=10)]


async def test_a_thumb_is_kept_and_thanked_for(api: BotApi, bot: Deployment, answer: dict[str, Any]) -> None:
    press = api.press(ADA, answer, 0, 0)

    await api.until(lambda: press["id"] in api.answers)

    assert api.answers[press["id"]] == EN.thanks
    assert await opinions(bot) == [("11", "up", None)]


async def test_a_thumb_down_may_be_followed_by_a_correction(
    api: BotApi, bot: Deployment, answer: dict[str, Any]
) -> None:
    api.press(ADA, answer, 0, 1)
    await api.until(lambda: len(api.texts(ADA.room)) == 2)
    question = api.shown(ADA.room)[1]
    api.inbox.say(ADA, "It takes 110 volts.", reply_to=question)
    await api.until(lambda: len(api.texts(ADA.room)) == 3)

    assert question["text"].strip("\u2060") == EN.ask_correction
    assert api.called("sendMessage")[1]["reply_markup"]["force_reply"]
    assert question["reply_parameters"]["message_id"] == answer["message_id"]
    assert api.texts(ADA.room)[2] == EN.thanks
    assert await opinions(bot) == [("11", "down", "It takes 110 volts.")]
    assert bot.step.questions == ["Which voltage?"]


async def test_a_correction_is_asked_for_once(api: BotApi, bot: Deployment, answer: dict[str, Any]) -> None:
    for _ in range(3):
        press = api.press(ADA, answer, 0, 1)
    await api.until(lambda: press["id"] in api.answers)
    api.inbox.say(ADA, "/help")
    await api.until(lambda: EN.help in api.texts(ADA.room))

    assert len(api.texts(ADA.room)) == 3


@pytest.mark.parametrize(
    "data", ["up:2:unknown", "up:99:{id}", "up:x", "down", "forget:12", "nonsense", "keep:"]
)
async def test_forged_callback_data_changes_nothing(
    api: BotApi, bot: Deployment, answer: dict[str, Any], data: str
) -> None:
    home = await bot.store.conversations.current(Address("telegram", "11"))
    assert home is not None
    press = api.inbox.press(ADA, answer, data.format(id=home.id))

    await api.until(lambda: press["id"] in api.answers)

    assert api.answers[press["id"]] == ""
    assert await opinions(bot) == []
    assert await bot.store.turns.after(home.id, number=0, limit=10)


async def test_nobody_rates_an_answer_of_another_chat(
    api: BotApi, bot: Deployment, answer: dict[str, Any]
) -> None:
    elsewhere = api.inbox.keep(BOB.room, api.me, {"text": "Something"})
    data = answer["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    press = api.inbox.press(BOB, elsewhere, data)

    await api.until(lambda: press["id"] in api.answers)

    assert await opinions(bot) == []


async def test_forgetting_is_confirmed_and_then_complete(
    api: BotApi, bot: Deployment, answer: dict[str, Any]
) -> None:
    api.inbox.say(ADA, "In a group I said this, @groundtalk_bot", GROUP)
    await api.until(lambda: any("Sources" in text for text in api.texts(GROUP)))
    api.inbox.say(ADA, "/forget")
    await api.until(lambda: EN.confirm_forget in api.texts(ADA.room))
    api.press(ADA, api.shown(ADA.room)[1], 0, 0)
    await api.until(lambda: EN.forgotten in api.texts(ADA.room))

    assert EN.confirm_forget not in api.texts(ADA.room)
    assert await bot.store.conversations.current(Address("telegram", "11")) is None
    group = await bot.store.conversations.current(Address("telegram", "-100"))
    assert group is not None
    assert await bot.store.turns.after(group.id, number=0, limit=10) == []


async def test_keeping_everything_deletes_the_question(
    api: BotApi, bot: Deployment, answer: dict[str, Any]
) -> None:
    api.inbox.say(ADA, "/forget")
    await api.until(lambda: len(api.texts(ADA.room)) == 2)
    api.press(ADA, api.shown(ADA.room)[1], 0, 1)
    await api.until(lambda: len(api.texts(ADA.room)) == 1)

    assert await bot.store.conversations.current(Address("telegram", "11")) is not None


async def test_in_a_group_everyone_is_forgotten_alone(api: BotApi, bot: Deployment) -> None:
    for person in (ADA, BOB):
        api.inbox.say(person, "@groundtalk_bot my name is secret", GROUP)
    await api.until(lambda: sum("Sources" in text for text in api.texts(GROUP)) == 2)
    api.inbox.say(ADA, "/forget", GROUP)
    await api.until(lambda: len(api.texts(GROUP)) == 3)
    api.press(BOB, api.shown(GROUP)[2], 0, 0)
    api.press(ADA, api.shown(GROUP)[2], 0, 0)
    await api.until(lambda: EN.forgotten in api.texts(GROUP))

    group = await bot.store.conversations.current(Address("telegram", "-100"))
    assert group is not None
    assert {turn.author for turn in await bot.store.turns.after(group.id, number=0, limit=10)} == {"12", None}
