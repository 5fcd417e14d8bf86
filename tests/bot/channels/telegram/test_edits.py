"""A message that is edited before it is answered counts in its last form; after that, the edit changes nothing."""

import asyncio
from typing import Any

from tests.bot.channels.telegram.deployed_channel import Deployment, FakeStep, deployed
from tests.botapi import BotApi, Person, Room

ADA = Person(11, "Ada")
GROUP = Room(-100)


def finished(api: BotApi, room: Room) -> list[str]:
    return [text.partition(":")[0] for text in api.texts(room) if "Sources" in text]


async def test_an_edit_while_the_answer_is_written_replaces_the_question(
    api: BotApi, sqlite_url: str
) -> None:
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.4)) as bot:
        question = api.inbox.say(ADA, "Which volltage?")
        await api.until(lambda: bot.step.questions)
        api.inbox.edit(question, "Which voltage?")
        await api.until(lambda: finished(api, ADA.room), seconds=10)

        assert finished(api, ADA.room) == ["About Which voltage?"]
        assert bot.step.questions == ["Which volltage?", "Which voltage?"]


async def test_an_edit_that_arrives_with_the_message_is_all_that_is_answered(
    api: BotApi, sqlite_url: str
) -> None:
    question = api.inbox.say(ADA, "Which volltage?")
    api.inbox.edit(question, "Which voltage?")
    async with deployed(api.base_url, sqlite_url, FakeStep(pause=0.1)):
        await api.until(lambda: finished(api, ADA.room), seconds=10)
        assert finished(api, ADA.room) == ["About Which voltage?"]


async def test_an_edit_after_the_answer_changes_nothing(api: BotApi, bot: Deployment) -> None:
    question = api.inbox.say(ADA, "Which voltage?")
    await api.until(lambda: finished(api, ADA.room))
    api.inbox.edit(question, "Which colour?")
    api.inbox.say(ADA, "Which weight?")
    await api.until(lambda: len(finished(api, ADA.room)) == 2)

    assert bot.step.questions == ["Which voltage?", "Which weight?"]


async def test_a_mention_that_is_added_to_a_message_counts(api: BotApi, bot: Deployment) -> None:
    question = api.inbox.say(ADA, "Which voltage?", GROUP)
    await asyncio.sleep(0.1)
    api.inbox.edit(question, "@groundtalk_bot Which voltage?")
    await api.until(lambda: finished(api, GROUP))

    assert bot.step.questions == ["Which voltage?"]


async def test_an_edited_command_or_picture_is_not_carried_out_again(api: BotApi, bot: Deployment) -> None:
    command = api.inbox.say(ADA, "/help")
    photo: list[dict[str, Any]] = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
    picture = api.inbox.send(ADA, photo=photo)
    await api.until(lambda: len(api.texts(ADA.room)) == 2)
    api.inbox.edit(command, "/start")
    api.inbox.edit(picture)
    api.inbox.say(ADA, "Which voltage?")
    await api.until(lambda: finished(api, ADA.room))

    assert len(api.texts(ADA.room)) == 3
