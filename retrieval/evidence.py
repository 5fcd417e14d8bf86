"""The sentences of found chunks that bear on a question, best first, within a budget of tokens.

langchain-core's `BaseDocumentCompressor`: documents in, fewer and shorter ones out, so that a trained reader can take
its place. What is left of a document is exact text of it, in its order.
"""

import math
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

import numpy as np
from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from numpy.typing import NDArray
from pydantic import ConfigDict, PrivateAttr

from retrieval.chunking import estimate_tokens
from retrieval.encoders.base import Encoder, Vectors
from retrieval.units import Unit, join_units, read_units
from retrieval.words import keywords

Scores = NDArray[np.float32]

SHARED_WORDS = 0.4
"""What a unit gains that has all words of the question, each by its rarity among the units."""
NEIGHBOURS = 0.5
"""How far a unit beside a better one comes up to it: an answer often stands next to the words of the question."""
RELEVANCE_OF_FIRST, RELEVANCE_PER_RANK = 0.5, 0.02
"""Stand in for the relevance of documents whose retriever gives none."""
KEPT_VECTORS = 1_000
"""Documents whose vectors are kept: some 20 MB."""


class EvidenceSentences(BaseDocumentCompressor):
    """Chooses among the sentences, list items and table rows of the first `candidates` documents.

    The score of each is the relevance of its document plus a share of SHARED_WORDS, and with an encoder its cosine with
    the question; all are read below title and heading. Best first, those are taken that fit the budget together with
    what they need to be understood; the best one always is. Documents keep order, metadata and id. Those whose `score`
    is below `least_score` are left out.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    budget: int
    encoder: Encoder | None = None
    candidates: int = 20
    least_score: float = -1.0
    _vectors: "_Vectors" = PrivateAttr(default_factory=lambda: _Vectors(KEPT_VECTORS))

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        near = (each for each in documents if each.metadata.get("score", 1.0) >= self.least_score)
        read = [_Read(document) for document in islice(near, self.candidates)]
        chosen = _choose(read, self._scores(read, query), self.budget)
        return [read[n].shortened(sorted(numbers)) for n, numbers in sorted(chosen.items())]

    def _scores(self, read: Sequence["_Read"], query: str) -> list[Scores]:
        words = _rarity(frozenset(keywords(query)), read)
        cosines = self._cosines(read, query)
        return [
            _near_better(cosine + relevance(each.document, rank) + SHARED_WORDS * each.shared(words))
            for rank, (each, cosine) in enumerate(zip(read, cosines, strict=True))
        ]

    def _cosines(self, read: Sequence["_Read"], query: str) -> list[Scores]:
        if self.encoder is None or not read:
            return [np.zeros(len(each.units), np.float32) for each in read]
        (question,) = self.encoder.encode_questions([query])
        return [vectors @ question for vectors in self._vectors.of(read, self.encoder)]


def relevance(document: Document, rank: int) -> float:
    """How near the retriever found a document."""
    about = document.metadata
    missing = RELEVANCE_OF_FIRST - RELEVANCE_PER_RANK * rank
    return float(about.get("relevance", about.get("score", missing)))


class _Read:
    """A document and its units."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.page_content
        self.units = read_units(self.text)
        about = document.metadata
        titles = (str(about.get("title") or ""), *str(about.get("heading") or "").split(" > "))
        self.above = "\n".join(filter(None, titles))
        self.title_tokens = estimate_tokens(self.above)
        self.words = [frozenset(keywords(text)) for text in self.texts()]

    def texts(self) -> Iterator[str]:
        """The units below the titles, as the encoder reads them."""
        return (f"{self.above}\n{self.text[slice(*unit.span)]}" for unit in self.units)

    def shared(self, words: Mapping[str, float]) -> Scores:
        """For each unit the weight of the words that it holds, with the titles above it; 1 for all of them."""
        held = (sum(words[word] for word in words.keys() & unit) for unit in self.words)
        return np.fromiter(held, np.float32, len(self.words)) / max(sum(words.values()), 1e-9)

    def tokens(self, numbers: AbstractSet[int]) -> int:
        return sum(estimate_tokens(self.text[slice(*self.units[number].span)]) for number in numbers)

    def shortened(self, numbers: Sequence[int]) -> Document:
        return self.document.model_copy(update={"page_content": join_units(self.text, self.units, numbers)})


def _rarity(words: AbstractSet[str], read: Sequence[_Read]) -> dict[str, float]:
    """The inverse document frequency of each word, over the documents; next to nothing if all have it."""
    held = [frozenset().union(*each.words) for each in read]
    counts = {word: sum(word in document for document in held) for word in words}
    return {word: math.log((len(read) + 1) / (count + 0.5)) for word, count in counts.items()}


def _near_better(scores: Scores) -> Scores:
    """The scores, those beside a better one raised towards it."""
    beside = np.full(len(scores), -np.inf, np.float32)
    beside[1:] = scores[:-1]
    beside[:-1] = np.maximum(beside[:-1], scores[1:])
    raised: Scores = scores + NEIGHBOURS * np.maximum(beside - scores, 0)
    return raised


def _choose(read: Sequence[_Read], scores: Sequence[Scores], budget: int) -> Mapping[int, set[int]]:
    """For each document of which something is chosen, the numbers of its units."""
    chosen: defaultdict[int, set[int]] = defaultdict(set)
    for n, number in _ranked(scores):
        added = _with_needed(read[n].units, number) - chosen.get(n, set())
        cost = read[n].tokens(added) + (0 if n in chosen else read[n].title_tokens)
        if not chosen or cost <= budget:
            chosen[n] |= added
            budget -= cost
    return chosen


def _ranked(scores: Sequence[Scores]) -> list[tuple[int, int]]:
    """Document and unit, best first; of equals the earlier."""
    found = [(n, number) for n, units in enumerate(scores) for number in range(len(units))]
    return sorted(found, key=lambda at: -scores[at[0]][at[1]])


def _with_needed(units: Sequence[Unit], number: int) -> set[int]:
    """A unit and what it needs to be understood; chains are not followed."""
    return {number, *units[number].needs}


class _Vectors:
    """The vectors of the documents read last, so that a document is encoded once. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[str, ...], Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, read: Sequence[_Read], encoder: Encoder) -> list[Vectors]:
        """One matrix a document; those that are new are encoded together."""
        keys = [tuple(each.texts()) for each in read]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = list(dict.fromkeys(key for key in keys if key not in found))
        if missing:
            vectors = encoder.encode([text for key in missing for text in key])
            ends = np.cumsum([len(key) for key in missing])[:-1]
            found |= dict(zip(missing, np.split(vectors, ends), strict=True))
        self._keep({key: found[key] for key in keys})
        return [found[key] for key in keys]

    def _keep(self, used: Mapping[tuple[str, ...], Vectors]) -> None:
        with self._lock:
            for key, vectors in used.items():
                self._kept[key] = vectors
                self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
