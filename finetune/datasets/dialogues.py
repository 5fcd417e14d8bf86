"""Support dialogues: questions with the rewrites that people wrote, and the chunks that answer them.

A file holds a dialogue a line (`packet`, `language`, `turns`), and `chunks.jsonl` beside it the chunks of all packets.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from finetune.datasets.search_set import SearchPassage, SearchQuestion, SearchSet
from finetune.errors import BadFile
from finetune.examples import DialogueTurn, Example, RewritingExample, read_examples


class Evidence(BaseModel):
    """A quote that answers a turn, and the chunk that it stands in."""

    model_config = ConfigDict(frozen=True)

    chunk: str
    quote: str


class DialogueQuestion(BaseModel):
    """What a person asked, with the answer. rewrite: the same as one question that needs no conversation.

    near: chunks that look like the answer and are not. options: what the person may choose from, of a question back.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    ask: str
    kind: str
    rewrite: str
    answerable: bool | Literal["partial", "ask back"]
    evidence: tuple[Evidence, ...]
    near: tuple[str, ...] = ()
    answer: str
    options: tuple[str, ...] = ()


class Dialogue(Example):
    """A conversation about the documents of a packet."""

    packet: str
    turns: tuple[DialogueQuestion, ...]


class DialogueChunk(Example):
    """A chunk of a packet's documents."""

    packet: str
    title: str = ""
    heading: str = ""
    text: str


def holds_dialogues(path: Path) -> bool:
    """Whether the first row of a file has turns. Raises BadFile."""
    first = next(read_examples(path, _Any, 1), None)
    return first is not None and "turns" in (first.model_extra or {})


class _Any(Example):
    model_config = ConfigDict(frozen=True, extra="allow")


def rewriting_examples(path: Path) -> Iterator[RewritingExample]:
    """Every turn that follows another one, with its kind as the source. Raises BadFile."""
    for dialogue in read_examples(path, Dialogue):
        for number, turn in enumerate(dialogue.turns[1:], 1):
            yield RewritingExample(
                id=question_id(dialogue, number),
                language=dialogue.language,
                source=turn.kind,
                history=_history(dialogue, number),
                question=turn.ask,
                rewrite=turn.rewrite,
            )


def search_set(path: Path) -> SearchSet:
    """The turns that have evidence, with the chunks of the file's packets as the corpus. Raises BadFile."""
    dialogues = list(read_examples(path, Dialogue))
    packets = {dialogue.packet for dialogue in dialogues}
    asked = [(dialogue, number) for dialogue in dialogues for number in range(len(dialogue.turns))]
    answered = [(dialogue, number) for dialogue, number in asked if dialogue.turns[number].evidence]
    chunks = {
        row.id: row for row in read_examples(chunks_beside(path), DialogueChunk) if row.packet in packets
    }
    return SearchSet(
        path.name.removesuffix(".gz").removesuffix(".jsonl"),
        tuple(map(_passage, chunks.values())),
        tuple(_question(dialogue, number) for dialogue, number in answered),
        {
            question_id(dialogue, number): {one.chunk: 1 for one in dialogue.turns[number].evidence}
            for dialogue, number in answered
        },
    )


def _question(dialogue: Dialogue, number: int) -> SearchQuestion:
    turn = dialogue.turns[number]
    return SearchQuestion(
        _id=question_id(dialogue, number),
        language=dialogue.language,
        conversation_id=dialogue.id,
        history=_history(dialogue, number),
        question=turn.ask,
        rewrite=turn.rewrite,
    )


def _passage(chunk: DialogueChunk) -> SearchPassage:
    return SearchPassage(_id=chunk.id, title=title_of(chunk), text=chunk.text)


def title_of(chunk: DialogueChunk) -> str:
    return " > ".join(filter(None, (chunk.title, chunk.heading)))


def _history(dialogue: Dialogue, number: int) -> tuple[DialogueTurn, ...]:
    """The turns before that one, each answer with the question that it answers."""
    return tuple(said for turn in dialogue.turns[:number] for said in _said(turn))


def _said(turn: DialogueQuestion) -> Iterator[DialogueTurn]:
    yield DialogueTurn(role="user", text=turn.ask)
    yield DialogueTurn(
        role="assistant", text=turn.answer, query=turn.rewrite, abstained=turn.answerable is False
    )


def question_id(dialogue: Dialogue, number: int) -> str:
    return f"{dialogue.id}:{number + 1}"


def chunks_beside(path: Path) -> Path:
    for name in ("chunks.jsonl.gz", "chunks.jsonl"):
        if (chunks := path.with_name(name)).is_file():
            return chunks
    raise BadFile(
        path, None, "has no chunks.jsonl beside it, with the documents that the dialogues are about"
    )
