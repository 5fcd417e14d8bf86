"""Questions from dialogues on documents: each turn with its evidence, what looks like it, and other finds.

The hard negatives beyond those that a turn names are found by keywords among the chunks of the same documents.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from finetune.training.reader.questions import CandidatePassage, ReaderQuestion, candidate, distractor
from retrieval.keywords import KeywordIndex
from retrieval.sentences import Span

Row = Mapping[str, Any]
ASK_BACK = "ask back"
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class PacketChunks:
    """The chunks that a dialogue is about, in the order in which keywords find them."""

    chunks: Mapping[str, Row]
    index: KeywordIndex

    @classmethod
    def of(cls, chunks: Sequence[Row]) -> "PacketChunks":
        with TemporaryDirectory() as folder:
            index = KeywordIndex.write(Path(folder) / "keywords", map(chunk_text, chunks))
        return cls({chunk["id"]: chunk for chunk in chunks}, index)

    def found(self, question: str) -> list[str]:
        """The ids of all chunks, best first."""
        ids = list(self.chunks)
        return [ids[row] for row in np.argsort(-self.index.scores(question, len(ids)), kind="stable")]


def packets_of(chunks: Iterable[Row]) -> dict[str, PacketChunks]:
    """By the name of the packet."""
    packets: defaultdict[str, list[Row]] = defaultdict(list)
    for chunk in chunks:
        packets[chunk["packet"]].append(chunk)
    return {name: PacketChunks.of(held) for name, held in packets.items()}


def chunk_text(chunk: Row) -> str:
    return "\n".join(filter(None, (chunk["title"], chunk["heading"], chunk["text"])))


def questions_of(dialogue: Row, packet: PacketChunks, found: int) -> Iterator[ReaderQuestion]:
    """One question a turn. found: how many finds stand beside what the turn names."""
    before = ""
    for number, turn in enumerate(dialogue["turns"]):
        candidates = tuple(_candidates(turn, packet, found))
        id = f"{dialogue['id']}:{number}"
        wordings = dict.fromkeys((turn["rewrite"], f"{before}{turn['ask']}"))
        yield ReaderQuestion(id, dialogue["source"], dialogue["language"], tuple(wordings), candidates)
        before = f"{turn['ask']} "


def judged(turn: Row, chunk: Row) -> CandidatePassage:
    """A chunk as a candidate of a turn."""
    quotes = [one["quote"] for one in turn["evidence"] if one["chunk"] == chunk["id"]]
    if not quotes:
        return distractor(chunk["title"], chunk["heading"], chunk["text"])
    spans = [span for quote in quotes for span in _places(chunk["text"], quote)]
    answers = None if turn["answerable"] == ASK_BACK else True
    return candidate(chunk["title"], chunk["heading"], chunk["text"], spans or None, answers)


def _candidates(turn: Row, packet: PacketChunks, found: int) -> Iterator[CandidatePassage]:
    evidence = (one["chunk"] for one in turn["evidence"])
    for id in dict.fromkeys((*evidence, *turn["near"], *packet.found(turn["rewrite"])[:found])):
        yield judged(turn, packet.chunks[id])


def _places(text: str, quote: str) -> Iterator[Span]:
    """Where a quote stands, whatever the white space."""
    pattern = r"\s+".join(map(re.escape, quote.split()))
    yield from (found.span() for found in re.finditer(pattern or _NEVER, text))
