"""The kinds of examples, one JSON object per line, plain or gzipped, and how files of them are read."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, TextIO, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dialogue.conversation import Role, Turn
from finetune.errors import BadFile


class Example(BaseModel):
    """One row of a file. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    language: str = "en"


class DialogueTurn(BaseModel):
    """One turn of a history. query, abstained: of an answer, what was searched for, and whether nothing answered."""

    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant"]
    text: str
    query: str | None = Field(default=None, exclude_if=lambda query: query is None)
    abstained: bool = Field(default=False, exclude_if=lambda abstained: not abstained)


class RewritingExample(Example):
    """A follow-up and the question that it stands for; oldest turn of the history first."""

    source: str = ""
    history: tuple[DialogueTurn, ...]
    question: str
    rewrite: str
    references: tuple[str, ...] = ()
    """Other accepted rewrites."""

    @property
    def accepted(self) -> tuple[str, ...]:
        return (self.rewrite, *self.references)


class ExamplePassage(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    title: str = ""
    text: str


def _reference_answer(reference: object) -> object:
    """A reference is a string, or an object with its own class and evidence."""
    return reference.get("answer") if isinstance(reference, dict) else reference


class GroundingExample(Example):
    """A question with passages, the accepted answers, and the passages that contain them.

    written: `answer` is to be learnt as it is; its marker [n] names the n-th of `evidence`. quotes: what of the
    evidence says it. message: what the person wrote, where `question` is a rewrite of it. options: what the person may
    choose from, of a question back. kind: the difficulty, to report by.
    """

    source: str = ""
    history: tuple[DialogueTurn, ...]
    question: str
    passages: tuple[ExamplePassage, ...]
    answer: str
    answerable: bool | Literal["partial", "ask back"]
    evidence: tuple[str, ...]
    written: bool = False
    quotes: tuple[str, ...] = ()
    message: str = ""
    options: tuple[str, ...] = ()
    kind: str = ""
    references: tuple[Annotated[str, BeforeValidator(_reference_answer)], ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        return (self.answer, *self.references)


class PreferenceExample(Example):
    """Two answers to one question from the same passages, of which people preferred `chosen`."""

    history: tuple[DialogueTurn, ...]
    question: str
    passages: tuple[ExamplePassage, ...]
    rejected: str
    chosen: str


class RatedExample(Example):
    """One answer to a question from its passages, and whether it was welcome."""

    history: tuple[DialogueTurn, ...]
    question: str
    passages: tuple[ExamplePassage, ...]
    answer: str
    welcome: bool


class RetrievalExample(Example):
    """A standalone query, a passage that answers it, and passages that were found but do not answer it."""

    query: str
    positive: ExamplePassage
    negatives: tuple[ExamplePassage, ...] = ()


AnyExample = TypeVar("AnyExample", bound=Example)


def read_examples(path: Path, form: type[AnyExample], limit: int | None = None) -> Iterator[AnyExample]:
    """The first `limit` rows of the file in its order, without blank lines.

    Raises BadFile, at the row concerned, if the file cannot be read or a row does not have the `form`.
    """
    try:
        with _open_text(path) as lines:
            numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
            for number, line in islice(numbered, limit):
                yield _parse_example(path, number, line, form)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise BadFile(path, None, f"cannot be read ({error})") from error


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def _parse_example(path: Path, number: int, line: str, form: type[AnyExample]) -> AnyExample:
    try:
        return form.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = f"`{field}`: {first['msg']}" if field else first["msg"]
        raise BadFile(path, number, problem) from error


_NEVER = datetime.fromtimestamp(0, UTC)


def to_turns(history: Sequence[DialogueTurn]) -> list[Turn]:
    """Turns of a conversation that was never held, numbered from 1."""
    return [
        Turn("", number, Role(line.role), line.text, _NEVER, query=line.query, abstained=line.abstained)
        for number, line in enumerate(history, 1)
    ]
