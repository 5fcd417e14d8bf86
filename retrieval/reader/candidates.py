"""Which of the documents that a search finds are read: the first, and what the best pages hold beside them.

A search finds the right page more often than the right lines on it, so more of a page is read than what ranks high.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from langchain_core.documents import Document


@dataclass(frozen=True, slots=True)
class Candidates:
    """The first `first`, then others of the `pages` pages that were found first, then the next, `most` in all."""

    first: int = 12
    most: int = 24
    pages: int = 3

    def of(self, documents: Sequence[Document]) -> list[Document]:
        """In their order."""
        chosen = set(islice(self._rows(documents), self.most))
        return [document for row, document in enumerate(documents) if row in chosen]

    def _rows(self, documents: Sequence[Document]) -> Iterator[int]:
        """The most wanted first; each once, however many ask for it."""
        sources = [str(document.metadata.get("source", "")) for document in documents]
        best = list(dict.fromkeys(sources))[: self.pages]
        first = range(min(self.first, len(documents)))
        beside = (row for row in range(len(first), len(documents)) if sources[row] in best)
        return iter(dict.fromkeys(chain(first, beside, range(len(documents)))))
