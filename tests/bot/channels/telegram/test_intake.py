"""Taking an update in again and again, as polling and Telegram do until it is stored."""

from collections.abc import AsyncIterator

import pytest
from telegram import Update

from bot.channels.rate_limits import Rate
from bot.channels.telegram.intake import MessageLimits, UpdateIntake
from bot.channels.telegram.limits import SendLimits
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.sending import ReplySender, connect
from dialogue.conversation import Receipt, Utterance
from dialogue.errors import StoreUnavailable
from dialogue.events import EventBus
from dialogue.manager import Manager
from dialogue.responder import Responder, ResponderSlot
from dialogue.store.store import Store
from dialogue.worker import Worker
from tests.bot.channels.telegram.deployed_channel import VOICE, FakeStep, fast_limits
from tests.botapi import BotApi, Person

ADA = Person(11, "Ada")


class FailingManager(Manager):
    """Its store is away for the first `outages` messages; nobody answers."""

    outages = 0

    async def receive(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("The disk is full.")
        return await self.store.turns.accept(utterance, conversation)


@pytest.fixture
async def manager(sqlite_url: str) -> AsyncIterator[FailingManager]:
    async with await Store.open(sqlite_url) as store:
        bus = EventBus()
        yield FailingManager(
            store,
            Worker(
                store,
                ResponderSlot(Responder(store.turns, [FakeStep()], VOICE, release="fake")),
                {},
                bus,
                owner="nobody",
            ),
            bus,
        )


@pytest.fixture
async def intake(api: BotApi, manager: FailingManager) -> AsyncIterator[UpdateIntake]:
    """Takes in one message, and another only after a while."""
    async with connect(api.token, api.base_url) as bot:
        limits: SendLimits = fast_limits()
        previews, replies = Previews(bot, limits), ReplySender(bot, limits)
        message_limits = MessageLimits(messages=Rate(burst=1, per_second=0.001))
        yield UpdateIntake(bot.bot, manager, VOICE, previews, replies, message_limits)
        await previews.stop()
        await replies.stop()


def update(api: BotApi, text: str) -> Update:
    """A message from Ada."""
    api.inbox.say(ADA, text)
    return Update.de_json(api.inbox.updates[-1])


async def test_what_could_not_be_stored_is_not_too_fast_when_it_comes_again(
    api: BotApi, intake: UpdateIntake, manager: FailingManager
) -> None:
    manager.outages, message = 3, update(api, "Which voltage?")
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await intake.receive(message)
    await intake.receive(message)
    await intake.receive(update(api, "And the colour?"))

    await api.until(lambda: api.texts(ADA.room))
    assert api.texts(ADA.room) == [VOICE.wording("en").too_fast]


async def test_a_reply_is_not_sent_again_for_the_same_update(api: BotApi, intake: UpdateIntake) -> None:
    command = update(api, "/start")
    for _ in range(3):
        await intake.receive(command)
    await intake.receive(update(api, "/help"))

    await api.until(lambda: len(api.texts(ADA.room)) == 2)
    assert api.texts(ADA.room) == [VOICE.wording("en").greeting, VOICE.wording("en").help]
