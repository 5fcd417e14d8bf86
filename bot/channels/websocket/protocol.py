"""The frames of websocket protocol 1: validates what clients send, and builds what the server sends.

`docs/websocket.md` describes them for authors of clients.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from dialogue.asking import options_of
from dialogue.conversation import Citation, Conversation, Role, Turn
from dialogue.events import Failed, Queued, Retrieved, Rewritten, Token, Writing
from dialogue.quotes import with_neighbours

PROTOCOL = 1
LAST_TURN = 2**31 - 1
SNIPPET_CHARACTERS = 240
"""Length of a snippet in `passages`; the page fetches the whole passage when someone opens it."""


class BadFrame(Exception):
    """A frame that was refused; `code` is stable, and the message says what to correct."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the null character")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
Name = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_without_nul)]
TurnNumber = Annotated[int, Field(ge=1, le=LAST_TURN)]


class BaseFrame(BaseModel):
    """Unknown fields are ignored, so that newer clients can use older servers."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class HelloFrame(BaseFrame):
    type: Literal["hello"]
    conversation: Name | None = None
    after: int = Field(default=0, ge=0, le=LAST_TURN)


class MessageFrame(BaseFrame):
    type: Literal["message"]
    id: Name
    text: Annotated[Text, AfterValidator(_not_blank)]


class FeedbackFrame(BaseFrame):
    type: Literal["feedback"]
    turn: TurnNumber
    rating: Literal["up", "down"]
    comment: Text | None = None
    correction: Text | None = None


class CancelFrame(BaseFrame):
    type: Literal["cancel"]


class ConsentFrame(BaseFrame):
    type: Literal["consent"]
    given: bool


ClientFrame = HelloFrame | MessageFrame | FeedbackFrame | CancelFrame | ConsentFrame
_frames: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])


def parse(raw: str) -> ClientFrame:
    """The frame in one text message. Raises BadFrame for anything else."""
    try:
        return _frames.validate_json(raw)
    except ValidationError as error:
        raise BadFrame("bad_frame", _first_problem(error)) from None


def _first_problem(error: ValidationError) -> str:
    """The first thing wrong, for example `message.text: Field required`."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    return f"{field}: {problem['msg']}" if field else problem["msg"]


ServerFrame = Mapping[str, Any]


def ready(conversation: Conversation, turns: Iterable[Turn], *, asks_consent: bool) -> ServerFrame:
    """`consent` is null if the deployment does not ask for it."""
    return {
        "type": "ready",
        "conversation": conversation.id,
        "protocol": PROTOCOL,
        "consent": conversation.consent if asks_consent else None,
        "turns": [turn_json(turn) for turn in turns],
    }


def consent(given: bool) -> ServerFrame:
    return {"type": "consent", "given": given}


def accepted(message_id: str, turn: int) -> ServerFrame:
    return {"type": "accepted", "id": message_id, "turn": turn}


def stored(turn: Turn) -> ServerFrame:
    """A stored turn that this client has not seen: an `answer`, or `said` for a message from elsewhere."""
    if turn.role is Role.USER:
        return {"type": "said", "turn": turn.number, "text": turn.text}
    return {"type": "answer", "turn": turn.number, **answer_json(turn)}


def rewritten(event: Rewritten) -> ServerFrame:
    return {"type": "rewritten", "turn": event.turn, "query": event.query}


def queued(event: Queued) -> ServerFrame:
    return {"type": "queued", "turn": event.turn, "ahead": event.ahead, "seconds": _tenths(event.seconds)}


def passages(event: Retrieved) -> ServerFrame:
    """`quote` is the sentence that best matches the question, and `snippet` has it with its neighbours."""
    found = [
        {
            "n": passage.n,
            "chunk": passage.chunk,
            "title": passage.title,
            "source": passage.source,
            "score": passage.score,
            "snippet": with_neighbours(quote, passage.text, SNIPPET_CHARACTERS),
            "quote": quote,
        }
        for passage, quote in zip(event.passages, event.quotes, strict=True)
    ]
    return {"type": "passages", "turn": event.turn, "passages": found}


def writing(event: Writing) -> ServerFrame:
    """Seconds from now, null while this process has not measured an answer."""
    return {
        "type": "writing",
        "turn": event.turn,
        "first_word": _tenths(event.first_word),
        "complete": _tenths(event.complete),
    }


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def token(event: Token) -> ServerFrame:
    return {"type": "token", "turn": event.turn, "text": event.text}


def failed(event: Failed) -> ServerFrame:
    return error(event.code, event.message, event.turn)


def error(code: str, message: str, turn: int | None = None, message_id: str | None = None) -> ServerFrame:
    """`message_id`: the id of the `message` frame that was refused."""
    frame = {"type": "error", "code": code, "message": message, "turn": turn}
    return frame if message_id is None else {**frame, "id": message_id}


def turn_json(turn: Turn) -> Mapping[str, Any]:
    """A turn as in `ready` and in the HTTP response with earlier turns."""
    common = {"turn": turn.number, "role": turn.role.value, "text": turn.text}
    return common if turn.role is Role.USER else {**common, **answer_json(turn)}


def answer_json(turn: Turn) -> dict[str, Any]:
    return answer_fields(turn.reply_to, turn.text, turn.citations, turn.abstained)


def answer_fields(
    reply_to: int | None, text: str, citations: Sequence[Citation], abstained: bool
) -> dict[str, Any]:
    return {
        "reply_to": reply_to,
        "text": text,
        "citations": [
            {
                "n": citation.n,
                "chunk": citation.chunk,
                "title": citation.title,
                "source": citation.source,
                "quote": citation.quote,
            }
            for citation in citations
        ],
        "abstained": abstained,
        "options": list(options_of(text)),
    }
