"""What a deployment says in its own voice, per language: plain values, read from one file by the top package."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The bot's own sentences in one language, its name filled in."""

    greeting: str
    help: str
    new_conversation: str
    abstention: str
    """Said when the documents hold no answer."""
    handoff: str
    """Offers a human; follows the abstention."""
    handed_over: str
    """Said when the conversation passes into human hands: the bot keeps quiet from now on."""
    failure: str
    """Said when the engine failed and retrying did not help."""
    retrying: str
    """Stands in for what was shown of an answer that failed and is tried again."""
    stopped: str
    """Stands for an answer that was cancelled before its first word."""
    forgotten: str
    unsupported: str
    """Photos, stickers and what else cannot be read."""
    too_long: str
    too_fast: str
    sources: str
    """The heading over citations where a channel lists them."""
    thanks: str
    """Said after feedback."""
    welcome: str
    """Answers a thank-you or a goodbye."""
    ask_correction: str
    """Said after a thumbs-down: asks for the right answer as a reply to this sentence."""
    confirm_forget: str
    """Asked before someone is erased; `forget` and `keep` are the two buttons under it."""
    forget: str
    keep: str
    consent: str
    """Beside a switch: that the bot may learn from the conversation."""
    ask_consent: str
    """Asks for it, and says what it means; `may_learn` and `must_not_learn` are the two buttons under it."""
    may_learn: str
    must_not_learn: str
    consent_given: str
    consent_withheld: str
    """Said when someone refused or withdrew it, and where nobody is asked: nothing is learnt."""
    menu: Mapping[str, str]
    """A short line for each command a channel offers: `start`, `help`, `new`, `consent`, `forget`."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Name, tone and wordings. `wordings` must hold `default_language`."""

    name: str
    tone: str
    """One or two sentences that go into the prompt, e.g. "Friendly and brief."."""
    default_language: str
    wordings: Mapping[str, Wording]

    def wording(self, language: str | None) -> Wording:
        """The sentences in `language` (BCP 47, `zh-Hans` finds `zh`), else in the default language."""
        base = (language or self.default_language).split("-")[0].lower()
        return self.wordings.get(base) or self.wordings[self.default_language]
