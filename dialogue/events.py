"""What a caller of the manager sees of one turn, in order.

`Accepted`, `Rewritten`, `Retrieved`, `Token`*, `Answered`. A try that comes to nothing ends with `Failed`; the next one
begins with `Rewritten` again.
"""

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
    """This try at the answer came to nothing: what was shown of it is void; `message` is for the person.

    `code` says who goes on: `engine` (it is tried again; after the last try an apology is `Answered`) or `human`.
    """

    code: str
    message: str
    turn: int


Event = Accepted | Rewritten | Retrieved | Token | Answered | Failed
"""All but `Answered` carry the number of the user's turn."""
