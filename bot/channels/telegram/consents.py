"""Asking whether the bot may learn from a private chat, and keeping the answer.

In a group nobody can speak for the others, so a group is never learnt from by this way.
"""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.channels.telegram.notices import Notices
from bot.channels.telegram.places import CHANNEL
from bot.channels.telegram.updates import Envelope, Press
from dialogue.conversation import Address
from dialogue.manager import Manager
from dialogue.voice import Voice, Wording

CHOICES = {"learn": True, "ignore": False}
"""What the buttons send back, with the author who was asked behind it."""


class Consents:
    def __init__(self, manager: Manager, voice: Voice, notices: Notices) -> None:
        self._manager = manager
        self._voice = voice
        self._notices = notices

    def ask(self, envelope: Envelope) -> None:
        """The question with two buttons; where nobody may be asked, that nothing is learnt."""
        wording, place = self._voice.wording(envelope.language), envelope.place
        if self._manager.asks_consent and place.private:
            self._notices.say(place, wording.ask_consent, markup=_choice(envelope.author, wording))
        else:
            reply_to = None if place.private else envelope.message
            self._notices.say(place, wording.consent_withheld, reply_to)

    async def decide(self, press: Press, *, given: bool) -> None:
        """Keeps the choice, then says so in place of the question. Raises StoreUnavailable."""
        envelope, wording = press.envelope, self._voice.wording(press.envelope.language)
        if self._manager.asks_consent and envelope.place.private:
            await self._keep(envelope, given)
            said = wording.consent_given if given else wording.consent_withheld
            self._notices.replace(envelope.place, envelope.message, said)
        self._notices.acknowledge(press.id)

    async def _keep(self, envelope: Envelope, given: bool) -> None:
        address = Address(CHANNEL, envelope.place.account)
        if await self._manager.store.current(address) is None:
            await self._manager.start(address, envelope.language)
        await self._manager.store.set_consent_at(address, given)


def _choice(author: str, wording: Wording) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(wording.may_learn, callback_data=f"learn:{author}"),
                InlineKeyboardButton(wording.must_not_learn, callback_data=f"ignore:{author}"),
            ]
        ]
    )
