"""The values of a conversation that cross a border: who spoke, what was said, what was answered and on what grounds.

Plain frozen data. Knows nothing of databases, models or channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Mode(StrEnum):
    """Who answers: the bot, a human operator (the bot keeps quiet), or nobody any more."""

    BOT = "bot"
    HUMAN = "human"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a conversation takes place: a Telegram chat, a browser's conversation, a terminal."""

    channel: str
    account: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """An inbound message. (address.channel, address.account, external_id) names it for ever (invariant I1)."""

    address: Address
    external_id: str
    text: str
    author: str | None = None
    """Who said it, where an address holds several people (a Telegram group); the rater's id in feedback too."""
    language: str | None = None
    """What the channel knows of the person's language (BCP 47); None lets the text decide."""
    reference: str | None = None
    """The channel's own handle for a reply, for instance the Telegram message to reply to."""


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    address: Address
    language: str | None
    mode: Mode
    consent: bool
    """Whether the person's words may be trained on."""
    state: Mapping[str, Any]
    created_at: datetime
    state_version: int = 0
    """Grows with every change of `state`; a change names the version that it was made from."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as prompted: numbered from 1 within the turn."""

    n: int
    chunk: str
    title: str
    source: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker `[n]` of an answer, resolved: `quote` is the sentence of the passage that supports it."""

    n: int
    chunk: str
    title: str
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class StateChange:
    """The conversation's new state, made from the one that was read at `version`."""

    state: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished reply, before it is committed: everything that made it (invariant I4)."""

    text: str
    query: str = ""
    """The rewritten, standalone question that was searched for."""
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    abstained: bool = False
    language: str = "en"
    release: str = ""
    """Names what produced it: the release, or the base weights and settings."""
    failed: bool = False
    """An apology in place of an answer: the engine failed and retrying did not help."""
    hand_over: bool = False
    """With this answer the conversation passes into human hands."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage: `queue`, `rewrite`, `retrieve`, `first_token` (since the attempt began), `answer`, and each
    step by its class."""
    state: StateChange | None = None
    """Committed with the answer; None leaves the state as it is."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stored turn. `number` counts from 1 within the conversation, user and assistant alike."""

    conversation: str
    number: int
    role: Role
    text: str
    created_at: datetime
    author: str | None = None
    language: str | None = None
    reference: str | None = None
    """The channel's own handle of this message, as the utterance brought it."""
    reply_to: int | None = None
    query: str | None = None
    citations: tuple[Citation, ...] = ()
    abstained: bool = False
    release: str | None = None
    attempts: int = 0
    """How often a worker began to answer this user turn; bounded, so a poisonous message cannot loop for ever."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What accepting an utterance gave: the stored turn, and whether it had been there before (I1)."""

    conversation: Conversation
    turn: Turn
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer one conversation until `until`; `fence` is compared on every commit (I3)."""

    conversation: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One outbox row under delivery (I5): `payload` was composed by the channel before the commit."""

    id: int
    conversation: str
    turn: int
    address: Address
    payload: Mapping[str, Any]
    attempts: int
    progress: int
    """How many parts of the payload have arrived, so that a retry does not send them again."""
