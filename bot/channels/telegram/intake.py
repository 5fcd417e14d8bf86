"""What the bot does with what comes in. When `take` returns, Telegram may forget the update (I2).

Knows the manager, its store and the voice; how updates arrive, by polling or webhook, is others' business.
"""

import asyncio
from dataclasses import dataclass
from weakref import WeakValueDictionary

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update, User

from bot.channels.pace import Paces, Speed
from bot.channels.telegram.consents import CHOICES, Consents
from bot.channels.telegram.feedback import THUMBS, Rated
from bot.channels.telegram.notices import Notices
from bot.channels.telegram.places import CHANNEL, Place
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.ratings import Ratings
from bot.channels.telegram.recent import Recent
from bot.channels.telegram.updates import (
    Command,
    Correction,
    Envelope,
    Inbound,
    Press,
    Said,
    Unreadable,
    read,
)
from dialogue.conversation import Address, Mode, Receipt, Utterance
from dialogue.errors import ConversationClosed
from dialogue.manager import Manager
from dialogue.voice import Voice, Wording

SPEED = Speed(burst=20, per_second=0.5)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one person may write in one chat."""

    characters: int = 4_000
    """In one message."""
    messages: Speed = SPEED


class Intake:
    """Takes updates in: side by side over chats, one after the other within a chat."""

    def __init__(
        self,
        me: User,
        manager: Manager,
        voice: Voice,
        previews: Previews,
        notices: Notices,
        allowance: Allowance,
    ) -> None:
        self._me = me
        self._manager = manager
        self._voice = voice
        self._previews = previews
        self._notices = notices
        self._allowance = allowance
        self._ratings = Ratings(me, manager.store, voice, notices)
        self._consents = Consents(manager, voice, notices)
        self._done = Recent()
        self._told = Recent()
        self._admitted = Recent()
        self._paces = Paces(allowance.messages)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def take(self, update: Update) -> None:
        """Return when all that `update` changes is committed. Raises StoreUnavailable."""
        inbound = read(update, self._me)
        if inbound is None:
            return
        async with self._turns.setdefault(inbound.envelope.place.chat, asyncio.Lock()):
            if update.update_id not in self._done:
                await self._act(inbound)
                self._done.note(update.update_id)

    async def _act(self, inbound: Inbound) -> None:
        match inbound:
            case Said():
                await self._hear(inbound)
            case Command():
                await self._obey(inbound)
            case Correction():
                await self._ratings.correct(inbound)
            case Press():
                await self._pressed(inbound)
            case Unreadable(envelope, album):
                if album is None or self._told.note(album):
                    self._say(envelope, self._wording(envelope).unsupported)

    async def _hear(self, said: Said) -> None:
        envelope, wording = said.envelope, self._wording(said.envelope)
        if len(said.text) > self._allowance.characters:
            self._say(envelope, wording.too_long)
        elif not self._admits(envelope):
            self._say(envelope, wording.too_fast)
        else:
            receipt = await self._receive(said)
            if not receipt.duplicate and receipt.conversation.mode is Mode.BOT:
                self._previews.follow(self._manager, envelope.place, receipt)

    def _admits(self, envelope: Envelope) -> bool:
        """Whether the person is not too fast. What could not be stored and comes again does not count again."""
        new = self._admitted.note((envelope.place.chat, envelope.message))
        return not new or self._paces.step(f"{envelope.place.account} {envelope.author}")

    async def _receive(self, said: Said) -> Receipt:
        """The turn; a closed conversation is followed by a new one."""
        envelope = said.envelope
        address = _address(envelope.place)
        utterance = Utterance(
            address=address,
            external_id=f"{self._me.id}:{envelope.message}",
            text=said.text,
            author=envelope.author,
            language=envelope.language,
            reference=str(envelope.message),
        )
        try:
            return await self._manager.receive(utterance)
        except ConversationClosed:
            await self._manager.start(address, envelope.language)
            return await self._manager.receive(utterance)

    async def _obey(self, command: Command) -> None:
        envelope, wording = command.envelope, self._wording(command.envelope)
        match command.name:
            case "start":
                self._say(envelope, wording.greeting)
            case "new":
                await self._manager.start(_address(envelope.place), envelope.language)
                self._say(envelope, wording.new_conversation)
            case "consent":
                self._consents.ask(envelope)
            case "forget":
                self._say(envelope, wording.confirm_forget, _choice(envelope.author, wording))
            case _:
                self._say(envelope, wording.help)

    async def _pressed(self, press: Press) -> None:
        action, _, rest = press.data.partition(":")
        if action in THUMBS:
            await self._ratings.thumb(press, action, Rated.named(rest))
        elif rest == press.envelope.author and action in ("forget", "keep"):
            await self._decide(press, erase=action == "forget")
        elif rest == press.envelope.author and action in CHOICES:
            await self._consents.decide(press, given=CHOICES[action])
        else:
            self._notices.acknowledge(press.id)

    async def _decide(self, press: Press, *, erase: bool) -> None:
        envelope = press.envelope
        if erase:
            await self._forget(envelope)
            self._notices.replace(envelope.place, envelope.message, self._wording(envelope).forgotten)
        else:
            self._notices.take_back(envelope.place, envelope.message)
        self._notices.acknowledge(press.id)

    async def _forget(self, envelope: Envelope) -> None:
        """In a group a person's words there; in the person's own chat all they ever said on this channel."""
        forget, account = self._manager.forget, envelope.place.account
        if not envelope.place.private:
            await forget(CHANNEL, account=account, author=envelope.author)
            return
        await forget(CHANNEL, author=envelope.author)
        await forget(CHANNEL, account=account)

    def _say(self, envelope: Envelope, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """To the person: in a group as a reply, for others talk there too."""
        reply_to = None if envelope.place.private else envelope.message
        self._notices.say(envelope.place, text, reply_to, markup)

    def _wording(self, envelope: Envelope) -> Wording:
        return self._voice.wording(envelope.language)


def _address(place: Place) -> Address:
    return Address(CHANNEL, place.account)


def _choice(author: str, wording: Wording) -> InlineKeyboardMarkup:
    """Only who asked may press."""
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(wording.forget, callback_data=f"forget:{author}"),
                InlineKeyboardButton(wording.keep, callback_data=f"keep:{author}"),
            ]
        ]
    )
