"""The values of a conversation that pass between packages: messages, turns, answers, citations, claims.

Plain frozen dataclasses without behaviour.
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
    """Who answers: the bot, a human operator (the bot stays silent), or nobody (the conversation is closed)."""

    BOT = "bot"
    HUMAN = "human"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a conversation takes place: a Telegram chat, a browser, a terminal."""

    channel: str
    account: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """An inbound message, identified by (address.channel, address.account, external_id) (I1)."""

    address: Address
    external_id: str
    text: str
    author: str | None = None
    """The person, where several share an address (a Telegram group); also their id as a rater."""
    language: str | None = None
    """The person's language (BCP 47) if the channel knows it; None leaves it to the text."""
    reference: str | None = None
    """What the channel needs for a reply, such as the id of the Telegram message to reply to."""
    about: "int | Utterance | None" = None
    """What it replies to: the number of a user turn, or a message that the bot need not have seen before."""


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message of a conversation that is held elsewhere; it is kept here, and answered by nobody."""

    role: Role
    text: str
    reference: str | None = None
    """Whatever else its owner needs to know of it, as text."""


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    address: Address
    language: str | None
    mode: Mode
    consent: bool
    """Whether the conversation may be used for training."""
    state: Mapping[str, Any]
    created_at: datetime
    state_version: int = 0
    """Incremented by every change of `state`; a change names the version that it was made from."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as it stands in the prompt, numbered from 1 within the turn.

    evidence: the parts of the text that answer, as a reader thinks, best first.
    """

    n: int
    chunk: str
    title: str
    source: str
    text: str
    score: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A resolved marker `[n]` of an answer; `quote` is the sentence of the passage that supports it."""

    n: int
    chunk: str
    title: str
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class StateChange:
    """A new state of the conversation, made from the one at `version`."""

    state: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer before its commit, with everything that is committed along with it (I4)."""

    text: str
    query: str = ""
    """The standalone question that was searched for."""
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    abstained: bool = False
    language: str = "en"
    release: str = ""
    """The release that produced it, or the base weights and settings."""
    failed: bool = False
    """An apology in place of an answer, after every attempt failed."""
    hand_over: bool = False
    """The commit of this answer hands the conversation over to a human."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage: `queue`, `rewrite`, `retrieve`, `first_token` (since the attempt began), `answer`, `cached`
    in place of `answer` where it came from the cache, and every step under the name of its class."""
    state: StateChange | None = None
    """Committed with the answer; None leaves the state as it is."""
    conversation: str = ""
    turn: int = 0
    """Where the answer is stored; the commit decides, so both are empty before it."""


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
    """As in `Utterance`."""
    reply_to: int | None = None
    query: str | None = None
    about: int | None = None
    """The user turn that this one replies to, where the person chose one; otherwise it follows the turn before it."""
    citations: tuple[Citation, ...] = ()
    abstained: bool = False
    release: str | None = None
    attempts: int = 0
    """How many attempts at this user turn were begun; bounded, so that a message that crashes the bot ends."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of accepting an utterance: its turn, and whether that was stored before (I1)."""

    conversation: Conversation
    turn: Turn
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer one conversation for a while; `fence` is compared on every commit (I3)."""

    conversation: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message of the outbox that is leased for delivery (I5); the channel rendered `payload` before the commit."""

    id: int
    conversation: str
    turn: int
    address: Address
    payload: Mapping[str, Any]
    attempts: int
    progress: int
    """How many parts of the payload arrived, so that a retry does not send them again."""
