"""From questions to logits: all candidates of a step, read in batches of much the same length."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from finetune.training.reader.model import ReaderModel
from finetune.training.reader.questions import ReaderQuestion
from retrieval.encoders.inference import arrays
from retrieval.encoders.packed_bert import PackedBert
from retrieval.reader.input import ReaderInput, ReaderTokenizer

BATCH_TOKENS = 2048
"""Tokens in a batch at most, padding included."""


class BatchReader:
    """Runs a model on questions in their first wording. bert: has the word vectors and the tokenizer."""

    def __init__(self, bert: PackedBert) -> None:
        self._bert = bert
        self._tokenizer = ReaderTokenizer(bert.tokenizer, bert.special)

    def inputs(self, questions: Sequence[ReaderQuestion]) -> list[ReaderInput]:
        """One for each candidate of each question."""
        read = (
            self._tokenizer.inputs(question.wordings[0], [each.passage for each in question.candidates])
            for question in questions
        )
        return list(chain.from_iterable(read))

    def logits(
        self, model: ReaderModel, inputs: Sequence[ReaderInput]
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Relevance and answers (inputs), and for each input the evidence of its tokens."""
        relevance, answers, order = [], [], []
        evidence: list[Tensor] = []
        for rows in batches([len(each.ids) for each in inputs]):
            found = model(*self._batch([inputs[row].ids for row in rows]))
            relevance.append(found[0].float())
            answers.append(found[1].float())
            evidence += [of[: len(inputs[row].ids)].float() for row, of in zip(rows, found[2], strict=True)]
            order += rows
        back = np.argsort(order).tolist()
        return torch.cat(relevance)[back], torch.cat(answers)[back], [evidence[place] for place in back]

    def _batch(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        ids, mask = arrays(batch, max(map(len, batch)), self._bert.special.padding)
        return torch.from_numpy(self._bert.words(ids)), torch.from_numpy(mask.astype(bool))


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows by length, as many together as BATCH_TOKENS takes."""
    rows: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if rows and (len(rows) + 1) * lengths[row] > BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows
