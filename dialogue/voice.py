"""The voice of a deployment: its name, its tone, and its own sentences in each language; `bot.voice` reads them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The bot's own sentences in one language, with its name filled in."""

    greeting: str
    help: str
    new_conversation: str
    abstention: str
    """Said when the documents have no answer."""
    handoff: str
    """Offers a human; follows the abstention."""
    handed_over: str
    """Said when the conversation is handed over; the bot stays silent from then on."""
    failure: str
    """Said when every attempt at an answer failed."""
    retrying: str
    """Replaces the text shown so far when an attempt failed and the next one starts."""
    stopped: str
    """The answer if the person cancelled before its first word."""
    forgotten: str
    unsupported: str
    """The reply to photos, stickers and other messages without text."""
    too_long: str
    too_fast: str
    found: str
    """The heading above the passages that were found, until the answer is there."""
    estimate: str
    """How long an answer takes: `{first_word}` and `{complete}` are seconds from now."""
    queued: str
    """Said to those who wait because all workers are busy."""
    queued_for: str
    """The same, if it is known for how long: `{seconds}`."""
    sources: str
    """The heading above citations in channels that list them."""
    thanks: str
    """Said after feedback."""
    welcome: str
    """The reply to thanks or a goodbye."""
    ask_correction: str
    """Said after a thumbs-down; the person replies to it with the right answer."""
    confirm_forget: str
    """Asked before a person is erased; `forget` and `keep` are its two buttons."""
    forget: str
    keep: str
    consent: str
    """The label of the switch for consent to training."""
    ask_consent: str
    """Asks for consent and explains it; `may_learn` and `must_not_learn` are its two buttons."""
    may_learn: str
    must_not_learn: str
    consent_given: str
    consent_withheld: str
    """Said when a person refused or withdrew consent, and where the deployment never asks."""
    menu: Mapping[str, str]
    """A short description of each command of a channel: `start`, `help`, `new`, `consent`, `forget`."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Name, tone and sentences. `wordings` must contain `default_language`."""

    name: str
    tone: str
    """One or two sentences for the prompt, such as "Friendly and brief."."""
    default_language: str
    wordings: Mapping[str, Wording]

    def wording(self, language: str | None) -> Wording:
        """The sentences in `language` (BCP 47, `zh-Hans` finds `zh`), else in the default language."""
        base = (language or self.default_language).split("-")[0].lower()
        return self.wordings.get(base) or self.wordings[self.default_language]
