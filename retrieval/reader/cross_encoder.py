"""Runs the reader: a question and many passages in, what its heads say of each passage out.

A cross-encoder (Nogueira and Cho, "Passage Re-ranking with BERT", 2019) whose word vectors and tokenizer are those of
E5's file. Passages of much the same length are run together, by OpenVINO, in the precision that the processor is
quickest with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Vectors
from retrieval.encoders.bert_graph import BertGraph
from retrieval.encoders.inference import BatchedInference, Inputs
from retrieval.encoders.packed_bert import PackedBert
from retrieval.errors import EncoderError
from retrieval.reader.input import LONGEST, ReaderInput, ReaderPassage, ReaderTokenizer
from retrieval.reader.weights import HEADS, ReaderWeights

RELEVANCE_HEAD, ANSWERS_HEAD, EVIDENCE_HEAD = range(len(HEADS))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says of a passage.

    relevance, answers: logits. evidence: for each unit the mean probability of its tokens, 0 for one that was cut off.
    """

    relevance: float
    answers: float
    evidence: NDArray[np.float32]


class CrossEncoder:
    """Safe to use from several threads.

    weights: the reader's file. words: E5, whose word vectors it was trained on. threads: as many batches run side by
    side. Raises EncoderError where they do not fit each other.
    """

    def __init__(self, weights: Path, words: PackedBert, threads: int | None = None) -> None:
        bert = ReaderWeights.read(weights)
        if bert.shape.width != words.shape.width or bert.shape.pieces != words.shape.pieces:
            raise EncoderError(f"{weights} was trained on other word vectors.", remedies=("weights",))
        self.calibration = bert.calibration
        self._words = words
        self._tokenizer = ReaderTokenizer(words.tokenizer, words.special)
        longest = min(LONGEST, bert.shape.longest)
        graph = BertGraph(bert).token_scores(HEADS)
        self._inference = BatchedInference(graph, self._inputs, longest, words.special.padding, threads)

    def read(self, question: str, passages: Sequence[ReaderPassage]) -> list[Reading]:
        """One reading for each passage."""
        inputs = self._tokenizer.inputs(question, passages)
        readings: dict[int, Reading] = {}
        for rows, scores in self._inference.batches([each.ids for each in inputs]):
            readings |= {row: _reading(inputs[row], of) for row, of in zip(rows, scores, strict=True)}
        return [readings[row] for row in range(len(inputs))]

    def _inputs(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Inputs:
        return {"words": self._words.words(ids), "mask": mask.astype(np.float32)}


def _reading(read: ReaderInput, scores: Vectors) -> Reading:
    """scores: (length, heads)."""
    evidence = 1 / (1 + np.exp(-scores[:, EVIDENCE_HEAD]))
    units = [evidence[start:end].mean() if start < end else 0.0 for start, end in read.units]
    first = scores[0]
    return Reading(float(first[RELEVANCE_HEAD]), float(first[ANSWERS_HEAD]), np.array(units, np.float32))
