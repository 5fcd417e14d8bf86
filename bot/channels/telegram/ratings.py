"""What people think of answers: thumbs, and the corrections that may follow a thumb down."""

from telegram import ForceReply, User

from bot.channels.telegram.feedback import Rated
from bot.channels.telegram.notices import Notices
from bot.channels.telegram.places import CHANNEL, Place
from bot.channels.telegram.recent import Recent
from bot.channels.telegram.texts import Span, Styled
from bot.channels.telegram.updates import Correction, Envelope, Press
from dialogue.errors import UnknownConversation, UnknownTurn
from dialogue.store import Store
from dialogue.voice import Voice

INVISIBLE = "\u2060"
"""Word joiner: the character that carries an answer's name unseen."""


class Ratings:
    """Keeps them in the store, and asks on."""

    def __init__(self, me: User, store: Store, voice: Voice, notices: Notices) -> None:
        self._me = me
        self._store = store
        self._voice = voice
        self._notices = notices
        self._asked = Recent()

    async def thumb(self, press: Press, rating: str, rated: Rated | None) -> None:
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
        self, envelope: Envelope, rated: Rated, rating: str, correction: str | None = None
    ) -> bool:
        """Store a rating, if the answer was given in this chat: clients can send any button's data."""
        try:
            home = (await self._store.conversation(rated.conversation)).address
            if home.channel != CHANNEL or Place.of(home.account).chat != envelope.place.chat:
                return False
            await self._store.rate(
                rated.conversation, rated.turn, envelope.author, rating, correction=correction
            )
        except (UnknownConversation, UnknownTurn):
            return False
        return True

    def _ask(self, envelope: Envelope, rated: Rated) -> None:
        """Ask for a correction. The question carries the answer's name, and the reply will bring it back."""
        mark = Span("text_link", 0, len(INVISIBLE), rated.address(str(self._me.username)))
        question = self._voice.wording(envelope.language).ask_correction
        markup = ForceReply() if envelope.place.private else None
        self._notices.say(
            envelope.place, Styled(INVISIBLE, (mark,)) + Styled(question), envelope.message, markup
        )
