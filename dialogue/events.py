"""What a caller of the manager sees of one turn, in order: `Accepted`, `Rewritten`, `Retrieved`, `Token`*, `Answered` or `Failed`."""

from dataclasses import dataclass

from dialogue.conversation import Citation, Passage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The user's turn is committed; the channel may acknowledge it (I2)."""

    turn: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Rewritten:
    turn: int
    query: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    turn: int
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text, in order; a preview: `Answered` holds what was committed."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is committed as `turn`; `reply_to` is the user's turn."""

    turn: int
    reply_to: int
    text: str
    citations: tuple[Citation, ...]
    abstained: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn could not be answered now; `code` is stable, `message` is fit for the person."""

    code: str
    message: str
    turn: int | None = None


Event = Accepted | Rewritten | Retrieved | Token | Answered | Failed
"""All but `Answered` carry the number of the user's turn."""
