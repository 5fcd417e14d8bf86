"""The turns of support dialogues as grounding examples, each with passages of its packet.

A turn is shown with its evidence, with the chunks that look like an answer and are not (`near`), and with others of its
packet, all ranked as a search would rank them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from finetune.datasets.dialogues import (
    Dialogue,
    DialogueChunk,
    DialogueQuestion,
    chunks_beside,
    question_id,
    rewriting_examples,
    title_of,
)
from finetune.errors import BadFile
from finetune.examples import Example, ExamplePassage, GroundingExample, read_examples
from retrieval.chunking import estimate_tokens
from retrieval.words import keywords

ANSWERS, FOLLOWUPS = "support", "support_followups"
"""The sources of the examples of each task."""
OTHERS = 8
"""Chunks that a turn is shown with besides those that it names: the best ranked."""


def dialogue_examples(path: Path) -> Iterator[Example]:
    """The examples of both tasks. Raises BadFile."""
    yield from grounding_examples(path)
    for example in rewriting_examples(path):
        yield example.model_copy(update={"source": FOLLOWUPS})


def grounding_examples(path: Path) -> Iterator[GroundingExample]:
    """One of every turn. Raises BadFile, also if a chunk is missing."""
    chunks: defaultdict[str, list[DialogueChunk]] = defaultdict(list)
    for chunk in read_examples(chunks_beside(path), DialogueChunk):
        chunks[chunk.packet].append(chunk)
    packets = {name: _PacketChunks(own) for name, own in chunks.items()}
    for row, dialogue in enumerate(read_examples(path, Dialogue), 1):
        packet = packets.get(dialogue.packet)
        if packet is None or not packet.holds(dialogue):
            raise BadFile(path, row, f"names a chunk that {dialogue.packet} does not have")
        for number, turn in enumerate(dialogue.turns):
            yield _example(dialogue, number, turn, packet)


def within(example: GroundingExample, room: int) -> GroundingExample:
    """The example with its evidence and as many others of its passages as fit into so many tokens, in their order."""
    kept = set(example.evidence)
    room -= sum(estimate_tokens(passage.text) for passage in example.passages if passage.id in kept)
    for passage in example.passages:
        cost = estimate_tokens(passage.text)
        if passage.id not in kept and (cost <= room or not kept):
            kept.add(passage.id)
            room -= cost
    left = tuple(passage for passage in example.passages if passage.id in kept)
    return example.model_copy(update={"passages": left})


def _example(
    dialogue: Dialogue, number: int, turn: DialogueQuestion, packet: "_PacketChunks"
) -> GroundingExample:
    return GroundingExample(
        id=question_id(dialogue, number),
        language=dialogue.language,
        source=ANSWERS,
        history=(),
        question=turn.rewrite,
        message=turn.ask,
        passages=packet.around(turn),
        answer=turn.answer,
        answerable=turn.answerable,
        evidence=_cited(turn),
        quotes=tuple(one.quote for one in turn.evidence),
        options=turn.options,
        kind=turn.kind,
        written=True,
    )


def _cited(turn: DialogueQuestion) -> tuple[str, ...]:
    """The chunks of the evidence; [n] in the answer is the n-th."""
    return tuple(dict.fromkeys(one.chunk for one in turn.evidence))


class _PacketChunks:
    """The chunks of a packet, and how rare their words are."""

    def __init__(self, chunks: Sequence[DialogueChunk]) -> None:
        self._chunks = {chunk.id: chunk for chunk in chunks}
        self._words = {chunk.id: frozenset(keywords(f"{title_of(chunk)}\n{chunk.text}")) for chunk in chunks}
        self._rarity = _rarity(self._words.values())

    def holds(self, dialogue: Dialogue) -> bool:
        named = (name for turn in dialogue.turns for name in (*_cited(turn), *turn.near))
        return all(name in self._chunks for name in named)

    def around(self, turn: DialogueQuestion) -> tuple[ExamplePassage, ...]:
        """What the turn names, and the best of the others that hold none of its quotes; best first."""
        asked = set(keywords(turn.rewrite))
        ranked = sorted(self._chunks, key=lambda name: -self._fit(asked, name))
        named = {*_cited(turn), *turn.near}
        others = [name for name in ranked if name not in named and not self._says(name, turn)][:OTHERS]
        return tuple(_passage(self._chunks[name]) for name in ranked if name in named or name in others)

    def _fit(self, asked: AbstractSet[str], name: str) -> float:
        return sum(self._rarity[word] for word in asked & self._words[name])

    def _says(self, name: str, turn: DialogueQuestion) -> bool:
        return any(one.quote in self._chunks[name].text for one in turn.evidence)


def _rarity(held: Collection[AbstractSet[str]]) -> dict[str, float]:
    """The inverse document frequency of each word."""
    counts = Counter(word for words in held for word in words)
    return {word: math.log(1 + len(held) / count) for word, count in counts.items()}


def _passage(chunk: DialogueChunk) -> ExamplePassage:
    return ExamplePassage(id=chunk.id, title=title_of(chunk), text=chunk.text)
