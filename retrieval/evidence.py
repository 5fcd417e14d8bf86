"""The sentences of found chunks that bear on a question, best first, within a budget of tokens.

langchain-core's `BaseDocumentCompressor`: documents in, fewer and shorter ones out. `retrieval/reader` does this with a
trained model.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

import numpy as np
from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict, PrivateAttr

from retrieval.encoders.base import Encoder, Vectors
from retrieval.pruning import DividedDocument, Scores, near_better, prune, relevance
from retrieval.words import keywords

SHARED_WORDS = 0.4
"""What a unit gains that has all words of the question, each by its rarity among the units."""
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
        return prune(read, self._scores(read, query), self.budget)

    def _scores(self, read: Sequence["_Read"], query: str) -> list[Scores]:
        words = _rarity(frozenset(keywords(query)), read)
        cosines = self._cosines(read, query)
        return [
            near_better(cosine + relevance(each.document, rank) + SHARED_WORDS * each.shared(words))
            for rank, (each, cosine) in enumerate(zip(read, cosines, strict=True))
        ]

    def _cosines(self, read: Sequence["_Read"], query: str) -> list[Scores]:
        if self.encoder is None or not read:
            return [np.zeros(len(each.units), np.float32) for each in read]
        (question,) = self.encoder.encode_questions([query])
        return [vectors @ question for vectors in self._vectors.of(read, self.encoder)]


class _Read(DividedDocument):
    """words: of each unit, with the titles above it."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.words = [frozenset(keywords(text)) for text in self.texts()]

    def texts(self) -> Iterator[str]:
        """The units below the titles, as the encoder reads them."""
        return (f"{self.above}\n{self.unit(number)}" for number in range(len(self.units)))

    def shared(self, words: Mapping[str, float]) -> Scores:
        """For each unit the weight of the words that it holds, with the titles above it; 1 for all of them."""
        held = (sum(words[word] for word in words.keys() & unit) for unit in self.words)
        return np.fromiter(held, np.float32, len(self.words)) / max(sum(words.values()), 1e-9)


def _rarity(words: AbstractSet[str], read: Sequence[_Read]) -> dict[str, float]:
    """The inverse document frequency of each word, over the documents; next to nothing if all have it."""
    held = [frozenset().union(*each.words) for each in read]
    counts = {word: sum(word in document for document in held) for word in words}
    return {word: math.log((len(read) + 1) / (count + 0.5)) for word, count in counts.items()}


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
