"""Acts on incoming updates: questions, commands, ratings, corrections, consent and requests to be forgotten.

When `UpdateIntake.receive` returns, everything that the update changes is committed and Telegram may forget it (I2).
"""

import asyncio
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, Update, User

from bot.channels.rate_limits import Rate, TokenBuckets
from bot.channels.telegram.albums import Albums
from bot.channels.telegram.limits import RecentKeys
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.rendering import Span, StyledText
from bot.channels.telegram.replied import RepliedTurns, external_id
from bot.channels.telegram.sending import ReplySender
from bot.channels.telegram.updates import (
    CHANNEL,
    RATING_BUTTONS,
    ButtonCallback,
    ChatThread,
    Command,
    Correction,
    InboundUpdate,
    MessageInfo,
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
    """How much one person may write in one chat."""

    characters: int = 4_000
    """Per message."""
    messages: Rate = DEFAULT_RATE


class UpdateIntake:
    """Processes updates: chats in parallel, the updates of one chat in order."""

    def __init__(
        self,
        me: User,
        manager: Manager,
        voice: Voice,
        previews: Previews,
        replies: ReplySender,
        message_limits: MessageLimits,
    ) -> None:
        self._me = me
        self._manager = manager
        self._voice = voice
        self._previews = previews
        self._replies = replies
        self._message_limits = message_limits
        self._ratings = RatingIntake(me, manager.store, voice, replies)
        self._consents = ConsentDialog(manager, voice, replies)
        self._processed = RecentKeys()
        self._albums = Albums()
        self._replied = RepliedTurns(manager.store, me.id)
        self._counted_messages = RecentKeys()
        self._buckets = TokenBuckets(message_limits.messages)
        self._chat_locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def receive(self, update: Update) -> None:
        """Return once everything that `update` changes is committed. Raises StoreUnavailable."""
        event = read(update, self._me)
        if event is None:
            return
        async with self._chat_locks.setdefault(event.info.thread.chat_id, asyncio.Lock()):
            if update.update_id not in self._processed:
                await self._dispatch(event)
                self._processed.add(update.update_id)

    def close(self) -> None:
        """Send nothing more for what has arrived."""
        self._albums.close()

    async def _dispatch(self, event: InboundUpdate) -> None:
        match event:
            case TextMessage():
                await self._on_text(event)
            case Command():
                await self._on_command(event)
            case Correction():
                await self._ratings.correct(event)
            case ButtonCallback():
                await self._on_callback(event)
            case UnsupportedMessage(info, None):
                self._reply(info, self._wording(info).unsupported)
            case UnsupportedMessage(info, str() as album):
                self._albums.without_caption(
                    album, lambda: self._reply(info, self._wording(info).unsupported)
                )

    async def _on_text(self, message: TextMessage) -> None:
        info, wording = message.info, self._wording(message.info)
        if message.album is not None:
            self._albums.with_caption(message.album)
        if len(message.text) > self._message_limits.characters:
            self._reply(info, wording.too_long)
        elif message.edited and await self._manager.revise(await self._utterance(message)):
            return
        elif not self._within_limits(info):
            self._reply(info, wording.too_fast)
        else:
            receipt = await self._store_message(message)
            if not receipt.duplicate and receipt.conversation.mode is Mode.BOT:
                self._previews.follow(self._manager, info.thread, receipt, wording)

    def _within_limits(self, info: MessageInfo) -> bool:
        """Whether the person is within the rate limit. A message that is delivered again is not counted again."""
        new = self._counted_messages.add((info.thread.chat_id, info.message_id))
        return not new or self._buckets.take(f"{info.thread.account} {info.author}")

    async def _store_message(self, message: TextMessage) -> Receipt:
        """Store the message as a turn; after a closed conversation, start a new one."""
        utterance = await self._utterance(message)
        try:
            return await self._manager.receive(utterance)
        except ConversationClosed:
            await self._manager.start(utterance.address, utterance.language)
            return await self._manager.receive(replace(utterance, about=None))

    async def _utterance(self, message: TextMessage) -> Utterance:
        info, address = message.info, _address(message.info.thread)
        about = None if message.replied is None else await self._replied.find(address, message.replied)
        return Utterance(
            address=address,
            external_id=external_id(self._me.id, info.message_id),
            text=message.text,
            author=info.author,
            language=info.language,
            reference=str(info.message_id),
            about=about,
        )

    async def _on_command(self, command: Command) -> None:
        info, wording = command.info, self._wording(command.info)
        match command.name:
            case "start":
                self._reply(info, wording.greeting)
            case "new":
                await self._manager.start(_address(info.thread), info.language)
                self._reply(info, wording.new_conversation)
            case "consent":
                self._consents.ask(info)
            case "forget":
                self._reply(info, wording.confirm_forget, _forget_buttons(info.author, wording))
            case _:
                self._reply(info, wording.help)

    async def _on_callback(self, callback: ButtonCallback) -> None:
        action, _, rest = callback.data.partition(":")
        if action in RATING_BUTTONS:
            await self._ratings.rate(callback, action, RatedTurn.parse(rest))
        elif rest == callback.info.author and action in ("forget", "keep"):
            await self._on_forget_choice(callback, erase=action == "forget")
        elif rest == callback.info.author and action in CONSENT_CHOICES:
            await self._consents.decide(callback, given=CONSENT_CHOICES[action])
        else:
            self._replies.answer_callback(callback.id)

    async def _on_forget_choice(self, callback: ButtonCallback, *, erase: bool) -> None:
        info = callback.info
        if erase:
            await self._forget(info)
            self._replies.edit(info.thread, info.message_id, self._wording(info).forgotten)
        else:
            self._replies.delete(info.thread, info.message_id)
        self._replies.answer_callback(callback.id)

    async def _forget(self, info: MessageInfo) -> None:
        """In a group, erase what the person wrote there; in a private chat, all they ever wrote on this channel."""
        forget, account = self._manager.forget, info.thread.account
        if not info.thread.private:
            await forget(CHANNEL, account=account, author=info.author)
            return
        await forget(CHANNEL, author=info.author)
        await forget(CHANNEL, account=account)

    def _reply(self, info: MessageInfo, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """Answer the person; in groups, as a reply to their message."""
        reply_to = None if info.thread.private else info.message_id
        self._replies.send(info.thread, text, reply_to, markup)

    def _wording(self, info: MessageInfo) -> Wording:
        return self._voice.wording(info.language)


def _address(thread: ChatThread) -> Address:
    return Address(CHANNEL, thread.account)


def _forget_buttons(author: str, wording: Wording) -> InlineKeyboardMarkup:
    """Only the person who asked may use the buttons."""
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(wording.forget, callback_data=f"forget:{author}"),
                InlineKeyboardButton(wording.keep, callback_data=f"keep:{author}"),
            ]
        ]
    )


INVISIBLE = "\u2060"
"""Word joiner: an invisible character to which the link that identifies an answer is attached."""


class RatingIntake:
    """Stores ratings and corrections, and asks for a correction after a thumbs down."""

    def __init__(self, me: User, store: Store, voice: Voice, replies: ReplySender) -> None:
        self._me = me
        self._store = store
        self._voice = voice
        self._replies = replies
        self._asked_for_correction = RecentKeys()

    async def rate(self, callback: ButtonCallback, rating: str, rated: RatedTurn | None) -> None:
        """Store a rating, `up` or `down`. Raises StoreUnavailable."""
        info = callback.info
        if rated is None or not await self._save(info, rated, rating):
            self._replies.answer_callback(callback.id)
            return
        self._replies.answer_callback(callback.id, self._voice.wording(info.language).thanks)
        if rating == "down" and self._asked_for_correction.add((rated, info.author)):
            self._ask(info, rated)

    async def correct(self, correction: Correction) -> None:
        """Store what the answer should have been. Raises StoreUnavailable."""
        info = correction.info
        if await self._save(info, correction.rated, "down", correction.text):
            reply_to = None if info.thread.private else info.message_id
            thanks = self._voice.wording(info.language).thanks
            self._replies.send(info.thread, thanks, reply_to)

    async def _save(
        self, info: MessageInfo, rated: RatedTurn, rating: str, correction: str | None = None
    ) -> bool:
        """Store a rating if the answer belongs to this chat; clients can forge callback data. Whether it was stored."""
        try:
            address = (await self._store.conversations.get(rated.conversation)).address
            if (
                address.channel != CHANNEL
                or ChatThread.from_account(address.account).chat_id != info.thread.chat_id
            ):
                return False
            await self._store.feedback.rate(
                rated.conversation, rated.turn, info.author, rating, correction=correction
            )
        except (UnknownConversation, UnknownTurn):
            return False
        return True

    def _ask(self, info: MessageInfo, rated: RatedTurn) -> None:
        """Ask for a correction. The message hides a link to the answer, so that a reply to it can be matched."""
        link = Span("text_link", 0, len(INVISIBLE), rated.url(str(self._me.username)))
        question = self._voice.wording(info.language).ask_correction
        markup = ForceReply() if info.thread.private else None
        self._replies.send(
            info.thread, StyledText(INVISIBLE, (link,)) + StyledText(question), info.message_id, markup
        )


CONSENT_CHOICES = {"learn": True, "ignore": False}
"""Callback data of the buttons, followed by the author who was asked."""


class ConsentDialog:
    """Asks whether the bot may learn from a private chat, and stores the answer."""

    def __init__(self, manager: Manager, voice: Voice, replies: ReplySender) -> None:
        self._manager = manager
        self._voice = voice
        self._replies = replies

    def ask(self, info: MessageInfo) -> None:
        """Send the question with two buttons; in groups, and where consent is off, say that nothing is learnt."""
        wording, thread = self._voice.wording(info.language), info.thread
        if self._manager.asks_consent and thread.private:
            self._replies.send(thread, wording.ask_consent, markup=_consent_buttons(info.author, wording))
        else:
            reply_to = None if thread.private else info.message_id
            self._replies.send(thread, wording.consent_withheld, reply_to)

    async def decide(self, callback: ButtonCallback, *, given: bool) -> None:
        """Keeps the choice, then says so in thread of the question. Raises StoreUnavailable."""
        info, wording = callback.info, self._voice.wording(callback.info.language)
        if self._manager.asks_consent and info.thread.private:
            await self._save(info, given)
            confirmation = wording.consent_given if given else wording.consent_withheld
            self._replies.edit(info.thread, info.message_id, confirmation)
        self._replies.answer_callback(callback.id)

    async def _save(self, info: MessageInfo, given: bool) -> None:
        address = Address(CHANNEL, info.thread.account)
        if await self._manager.store.conversations.current(address) is None:
            await self._manager.start(address, info.language)
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
