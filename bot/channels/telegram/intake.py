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
        self._message_limits = allowance
        self._ratings = RatingIntake(me, manager.store, voice, notices)
        self._consents = ConsentDialog(manager, voice, notices)
        self._done = RecentKeys()
        self._told = RecentKeys()
        self._admitted = RecentKeys()
        self._buckets = TokenBuckets(allowance.messages)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def take(self, update: Update) -> None:
        """Return when all that `update` changes is committed. Raises StoreUnavailable."""
        inbound = read(update, self._me)
        if inbound is None:
            return
        async with self._turns.setdefault(inbound.origin.place.chat, asyncio.Lock()):
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
            case UnsupportedMessage(origin, album):
                if album is None or self._told.note(album):
                    self._say(origin, self._wording(origin).unsupported)

    async def _hear(self, said: TextMessage) -> None:
        origin, wording = said.origin, self._wording(said.origin)
        if len(said.text) > self._message_limits.characters:
            self._say(origin, wording.too_long)
        elif not self._admits(origin):
            self._say(origin, wording.too_fast)
        else:
            receipt = await self._receive(said)
            if not receipt.duplicate and receipt.conversation.mode is Mode.BOT:
                self._previews.follow(self._manager, origin.place, receipt)

    def _admits(self, origin: Origin) -> bool:
        """Whether the person is not too fast. What could not be stored and comes again does not count again."""
        new = self._admitted.note((origin.place.chat, origin.message))
        return not new or self._buckets.take(f"{origin.place.account} {origin.author}")

    async def _receive(self, said: TextMessage) -> Receipt:
        """The turn; a closed conversation is followed by a new one."""
        origin = said.origin
        address = _address(origin.place)
        utterance = Utterance(
            address=address,
            external_id=f"{self._me.id}:{origin.message}",
            text=said.text,
            author=origin.author,
            language=origin.language,
            reference=str(origin.message),
        )
        try:
            return await self._manager.receive(utterance)
        except ConversationClosed:
            await self._manager.start(address, origin.language)
            return await self._manager.receive(utterance)

    async def _obey(self, command: Command) -> None:
        origin, wording = command.origin, self._wording(command.origin)
        match command.name:
            case "start":
                self._say(origin, wording.greeting)
            case "new":
                await self._manager.start(_address(origin.place), origin.language)
                self._say(origin, wording.new_conversation)
            case "consent":
                self._consents.ask(origin)
            case "forget":
                self._say(origin, wording.confirm_forget, _forget_buttons(origin.author, wording))
            case _:
                self._say(origin, wording.help)

    async def _pressed(self, press: ButtonPress) -> None:
        action, _, rest = press.data.partition(":")
        if action in THUMBS:
            await self._ratings.thumb(press, action, RatedTurn.named(rest))
        elif rest == press.origin.author and action in ("forget", "keep"):
            await self._decide(press, erase=action == "forget")
        elif rest == press.origin.author and action in CONSENT_CHOICES:
            await self._consents.decide(press, given=CONSENT_CHOICES[action])
        else:
            self._notices.acknowledge(press.id)

    async def _decide(self, press: ButtonPress, *, erase: bool) -> None:
        origin = press.origin
        if erase:
            await self._forget(origin)
            self._notices.replace(origin.place, origin.message, self._wording(origin).forgotten)
        else:
            self._notices.take_back(origin.place, origin.message)
        self._notices.acknowledge(press.id)

    async def _forget(self, origin: Origin) -> None:
        """In a group a person's words there; in the person's own chat all they ever said on this channel."""
        forget, account = self._manager.forget, origin.place.account
        if not origin.place.private:
            await forget(CHANNEL, account=account, author=origin.author)
            return
        await forget(CHANNEL, author=origin.author)
        await forget(CHANNEL, account=account)

    def _say(self, origin: Origin, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """To the person: in a group as a reply, for others talk there too."""
        reply_to = None if origin.place.private else origin.message
        self._notices.say(origin.place, text, reply_to, markup)

    def _wording(self, origin: Origin) -> Wording:
        return self._voice.wording(origin.language)


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
        origin = press.origin
        if rated is None or not await self._keep(origin, rated, rating):
            self._notices.acknowledge(press.id)
            return
        self._notices.acknowledge(press.id, self._voice.wording(origin.language).thanks)
        if rating == "down" and self._asked.note((rated, origin.author)):
            self._ask(origin, rated)

    async def correct(self, correction: Correction) -> None:
        """Somebody said what the answer should have been. Raises StoreUnavailable."""
        origin = correction.origin
        if await self._keep(origin, correction.rated, "down", correction.text):
            reply_to = None if origin.place.private else origin.message
            thanks = self._voice.wording(origin.language).thanks
            self._notices.say(origin.place, thanks, reply_to)

    async def _keep(
        self, origin: Origin, rated: RatedTurn, rating: str, correction: str | None = None
    ) -> bool:
        """Store a rating, if the answer was given in this chat: clients can send any button's data."""
        try:
            home = (await self._store.conversations.get(rated.conversation)).address
            if home.channel != CHANNEL or ChatThread.of(home.account).chat != origin.place.chat:
                return False
            await self._store.feedback.rate(
                rated.conversation, rated.turn, origin.author, rating, correction=correction
            )
        except (UnknownConversation, UnknownTurn):
            return False
        return True

    def _ask(self, origin: Origin, rated: RatedTurn) -> None:
        """Ask for a correction. The question carries the answer's name, and the reply will bring it back."""
        mark = Span("text_link", 0, len(INVISIBLE), rated.address(str(self._me.username)))
        question = self._voice.wording(origin.language).ask_correction
        markup = ForceReply() if origin.place.private else None
        self._notices.say(
            origin.place, StyledText(INVISIBLE, (mark,)) + StyledText(question), origin.message, markup
        )


CONSENT_CHOICES = {"learn": True, "ignore": False}
"""What the buttons send back, with the author who was asked behind it."""


class ConsentDialog:
    def __init__(self, manager: Manager, voice: Voice, notices: NoticeSender) -> None:
        self._manager = manager
        self._voice = voice
        self._notices = notices

    def ask(self, origin: Origin) -> None:
        """The question with two buttons; where nobody may be asked, that nothing is learnt."""
        wording, place = self._voice.wording(origin.language), origin.place
        if self._manager.asks_consent and place.private:
            self._notices.say(place, wording.ask_consent, markup=_consent_buttons(origin.author, wording))
        else:
            reply_to = None if place.private else origin.message
            self._notices.say(place, wording.consent_withheld, reply_to)

    async def decide(self, press: ButtonPress, *, given: bool) -> None:
        """Keeps the choice, then says so in place of the question. Raises StoreUnavailable."""
        origin, wording = press.origin, self._voice.wording(press.origin.language)
        if self._manager.asks_consent and origin.place.private:
            await self._keep(origin, given)
            said = wording.consent_given if given else wording.consent_withheld
            self._notices.replace(origin.place, origin.message, said)
        self._notices.acknowledge(press.id)

    async def _keep(self, origin: Origin, given: bool) -> None:
        address = Address(CHANNEL, origin.place.account)
        if await self._manager.store.conversations.current(address) is None:
            await self._manager.start(address, origin.language)
        await self._manager.store.conversations.set_consent_at(address, given)


def _consent_buttons(author: str, wording: Wording) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(wording.may_learn, callback_data=f"learn:{author}"),
                InlineKeyboardButton(wording.must_not_learn, callback_data=f"ignore:{author}"),
            ]
        ]
    )
