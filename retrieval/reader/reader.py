"""The reader between retriever and generator: orders what was found, keeps its evidence, and says whether it answers.

langchain-core's `BaseDocumentCompressor`, as every reranker and compressor. It reranks and prunes in one pass, as
Provence does (Chirkova et al., ICLR 2025).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict

from retrieval.pruning import DividedDocument, Scores, near_better, prune, relevance
from retrieval.reader.candidates import Candidates
from retrieval.reader.cross_encoder import CrossEncoder, Reading
from retrieval.reader.input import ReaderPassage, passage_of

EVIDENCE_WEIGHT = 0.5
"""What a unit gains that is evidence for certain, beside the relevance of its document."""
MOST_EVIDENCE = 3
"""Units of a document that are named as its evidence, at most."""


class Reader(BaseDocumentCompressor):
    """Reads the `candidates` among the documents; best first are those of which the search and it think most.

    budget: tokens of the units that are kept; None keeps documents whole. Those whose `score` is below `least_score`
    are left out. Every document's metadata gets `evidence`, the units that answer, best first, and `answered`, the
    probability that any of the documents answers. `relevance` becomes what they are ordered by.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: CrossEncoder
    budget: int | None = None
    candidates: Candidates = Candidates()
    least_score: float = -1.0

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        near = [each for each in documents if each.metadata.get("score", 1.0) >= self.least_score]
        near = self.candidates.of(near)
        readings = self.model.read(query, [_passage(document) for document in near])
        searched = [relevance(document, rank) for rank, document in enumerate(near)]
        answered = self._answered(readings, searched)
        ranks = [
            found + self.model.calibration.rank * of.relevance
            for found, of in zip(searched, readings, strict=True)
        ]
        order = sorted(range(len(near)), key=lambda row: -ranks[row])
        best = [self._read(near[row], readings[row], ranks[row], answered) for row in order]
        if self.budget is None:
            return [each.document for each in best]
        scores = [ranks[row] + _scores(readings[row]) for row in order]
        return prune(best, scores, self.budget)

    def _answered(self, readings: Sequence[Reading], searched: Sequence[float]) -> float:
        answers = max((reading.answers for reading in readings), default=-np.inf)
        return self.model.calibration.answered(answers, max(searched, default=0.0))

    def _read(self, document: Document, reading: Reading, rank: float, answered: float) -> DividedDocument:
        """The document with what the reader says of it."""
        divided = DividedDocument(document)
        best = np.argsort(-reading.evidence, kind="stable")[:MOST_EVIDENCE]
        least = self.model.calibration.evidence
        evidence = [divided.unit(int(number)) for number in best if reading.evidence[number] >= least]
        about: dict[str, Any] = {"relevance": rank, "evidence": evidence, "answered": answered}
        divided.document = document.model_copy(update={"metadata": document.metadata | about})
        return divided


def _passage(document: Document) -> ReaderPassage:
    about = document.metadata
    return passage_of(str(about.get("title") or ""), str(about.get("heading") or ""), document.page_content)


def _scores(reading: Reading) -> Scores:
    return near_better(np.float32(EVIDENCE_WEIGHT) * reading.evidence)
