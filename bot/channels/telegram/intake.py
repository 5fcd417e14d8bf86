"""What the bot does with what comes in. When `take` returns, Telegram may forget the update (I2).

Knows the manager, its store and the voice; how updates arrive, by polling or webhook, is others' business.
"""

import asyncio
from dataclasses import dataclass
from weakref import WeakValueDictionary

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, Update, User

from bot.channels.rate_limits import Rate, TokenBuckets
from bot.channels.telegram.limits import RecentKeys
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.rendering import Span, StyledText
from bot.channels.telegram.sending import NoticeSender
from bot.channels.telegram.updates import (
    CHANNEL,
    THUMBS,
    ButtonPress,
    ChatThread,
    Command,
    Correction,
    Inbound,
    Origin,
    RatedTurn,
    TextMessage,
    UnsupportedMessage,
    read,
)
from dialogue.conversation import Address, Mode, Receipt, Utterance
from dialogue.errors import ConversationClosed, UnknownConversation, UnknownTurn
from dialogue.manager import Manager
from dialogue.store.store import Store
from dialogue.voice import Voice, Wording

DEFAULT_RATE = Rate(burst=20, per_second=0.5)


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """What one person may write in one chat."""

    characters: int = 4_000
    """In one message."""
    messages: Rate = DEFAULT_RATE


class UpdateIntake:
    """Takes updates in: side by side over chats, one after the other within a chat."""

    def __init__(
        self,
        me: User,
        manager: Manager,
        voice: Voice,
        previews: Previews,
        notices: NoticeSender,
        allowance: MessageLimits,
    ) -> None:
        self._me = me
        self._manager = manager
        self._voice = voice
        self._previews = previews
        self._notices = notices
        self._allowance = allowance
        self._ratings = RatingIntake(me, manager.store, voice, notices)
        self._consents = ConsentDialog(manager, voice, notices)
        self._done = RecentKeys()
        self._told = RecentKeys()
        self._admitted = RecentKeys()
        self._paces = TokenBuckets(allowance.messages)
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
            case TextMessage():
                await self._hear(inbound)
            case Command():
                await self._obey(inbound)
            case Correction():
                await self._ratings.correct(inbound)
            case ButtonPress():
                await self._pressed(inbound)
            case UnsupportedMessage(envelope, album):
                if album is None or self._told.note(album):
                    self._say(envelope, self._wording(envelope).unsupported)

    async def _hear(self, said: TextMessage) -> None:
        envelope, wording = said.envelope, self._wording(said.envelope)
        if len(said.text) > self._allowance.characters:
            self._say(envelope, wording.too_long)
        elif not self._admits(envelope):
            self._say(envelope, wording.too_fast)
        else:
            receipt = await self._receive(said)
            if not receipt.duplicate and receipt.conversation.mode is Mode.BOT:
                self._previews.follow(self._manager, envelope.place, receipt)

    def _admits(self, envelope: Origin) -> bool:
        """Whether the person is not too fast. What could not be stored and comes again does not count again."""
        new = self._admitted.note((envelope.place.chat, envelope.message))
        return not new or self._paces.step(f"{envelope.place.account} {envelope.author}")

    async def _receive(self, said: TextMessage) -> Receipt:
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
                self._say(envelope, wording.confirm_forget, _forget_buttons(envelope.author, wording))
            case _:
                self._say(envelope, wording.help)

    async def _pressed(self, press: ButtonPress) -> None:
        action, _, rest = press.data.partition(":")
        if action in THUMBS:
            await self._ratings.thumb(press, action, RatedTurn.named(rest))
        elif rest == press.envelope.author and action in ("forget", "keep"):
            await self._decide(press, erase=action == "forget")
        elif rest == press.envelope.author and action in CONSENT_CHOICES:
            await self._consents.decide(press, given=CONSENT_CHOICES[action])
        else:
            self._notices.acknowledge(press.id)

    async def _decide(self, press: ButtonPress, *, erase: bool) -> None:
        envelope = press.envelope
        if erase:
            await self._forget(envelope)
            self._notices.replace(envelope.place, envelope.message, self._wording(envelope).forgotten)
        else:
            self._notices.take_back(envelope.place, envelope.message)
        self._notices.acknowledge(press.id)

    async def _forget(self, envelope: Origin) -> None:
        """In a group a person's words there; in the person's own chat all they ever said on this channel."""
        forget, account = self._manager.forget, envelope.place.account
        if not envelope.place.private:
            await forget(CHANNEL, account=account, author=envelope.author)
            return
        await forget(CHANNEL, author=envelope.author)
        await forget(CHANNEL, account=account)

    def _say(self, envelope: Origin, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """To the person: in a group as a reply, for others talk there too."""
        reply_to = None if envelope.place.private else envelope.message
        self._notices.say(envelope.place, text, reply_to, markup)

    def _wording(self, envelope: Origin) -> Wording:
        return self._voice.wording(envelope.language)


def _address(place: ChatThread) -> Address:
    return Address(CHANNEL, place.account)


def _forget_buttons(author: str, wording: Wording) -> InlineKeyboardMarkup:
    """Only who asked may press."""
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(wording.forget, callback_data=f"forget:{author}"),
                InlineKeyboardButton(wording.keep, callback_data=f"keep:{author}"),
            ]
        ]
    )


INVISIBLE = "\u2060"
"""Word joiner: the character that carries an answer's name unseen."""


class RatingIntake:
    """Keeps them in the store, and asks on."""

    def __init__(self, me: User, store: Store, voice: Voice, notices: NoticeSender) -> None:
        self._me = me
        self._store = store
        self._voice = voice
        self._notices = notices
        self._asked = RecentKeys()

    async def thumb(self, press: ButtonPress, rating: str, rated: RatedTurn | None) -> None:
        """A thumb was pressed, `up` or `down`. Raises StoreUnavailable."""
        envelope = press.envelope
        if rated is None or not await self._keep(envelope, rated, rating):
            self._notices.acknowledge(press.id)
            return
        self._notices.acknowledge(press.id, self._voice.wording(envelope.language).thanks)
        if rating == "down" and self._asked.note((rated, envelope.author)):
            self._ask(envelope, rated)

    async def correct(self, correction: Correction) -> None:
        """Somebody said what the answer should have been. Raises StoreUnavailable."""
        envelope = correction.envelope
        if await self._keep(envelope, correction.rated, "down", correction.text):
            reply_to = None if envelope.place.private else envelope.message
            thanks = self._voice.wording(envelope.language).thanks
            self._notices.say(envelope.place, thanks, reply_to)

    async def _keep(
        self, envelope: Origin, rated: RatedTurn, rating: str, correction: str | None = None
    ) -> bool:
        """Store a rating, if the answer was given in this chat: clients can send any button's data."""
        try:
            home = (await self._store.conversation(rated.conversation)).address
            if home.channel != CHANNEL or ChatThread.of(home.account).chat != envelope.place.chat:
                return False
            await self._store.rate(
                rated.conversation, rated.turn, envelope.author, rating, correction=correction
            )
        except (UnknownConversation, UnknownTurn):
            return False
        return True

    def _ask(self, envelope: Origin, rated: RatedTurn) -> None:
        """Ask for a correction. The question carries the answer's name, and the reply will bring it back."""
        mark = Span("text_link", 0, len(INVISIBLE), rated.address(str(self._me.username)))
        question = self._voice.wording(envelope.language).ask_correction
        markup = ForceReply() if envelope.place.private else None
        self._notices.say(
            envelope.place, StyledText(INVISIBLE, (mark,)) + StyledText(question), envelope.message, markup
        )


CONSENT_CHOICES = {"learn": True, "ignore": False}
"""What the buttons send back, with the author who was asked behind it."""


class ConsentDialog:
    def __init__(self, manager: Manager, voice: Voice, notices: NoticeSender) -> None:
        self._manager = manager
        self._voice = voice
        self._notices = notices

    def ask(self, envelope: Origin) -> None:
        """The question with two buttons; where nobody may be asked, that nothing is learnt."""
        wording, place = self._voice.wording(envelope.language), envelope.place
        if self._manager.asks_consent and place.private:
            self._notices.say(place, wording.ask_consent, markup=_consent_buttons(envelope.author, wording))
        else:
            reply_to = None if place.private else envelope.message
            self._notices.say(place, wording.consent_withheld, reply_to)

    async def decide(self, press: ButtonPress, *, given: bool) -> None:
        """Keeps the choice, then says so in place of the question. Raises StoreUnavailable."""
        envelope, wording = press.envelope, self._voice.wording(press.envelope.language)
        if self._manager.asks_consent and envelope.place.private:
            await self._keep(envelope, given)
            said = wording.consent_given if given else wording.consent_withheld
            self._notices.replace(envelope.place, envelope.message, said)
        self._notices.acknowledge(press.id)

    async def _keep(self, envelope: Origin, given: bool) -> None:
        address = Address(CHANNEL, envelope.place.account)
        if await self._manager.store.current(address) is None:
            await self._manager.start(address, envelope.language)
        await self._manager.store.set_consent_at(address, given)


def _consent_buttons(author: str, wording: Wording) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(wording.may_learn, callback_data=f"learn:{author}"),
                InlineKeyboardButton(wording.must_not_learn, callback_data=f"ignore:{author}"),
            ]
        ]
    )
