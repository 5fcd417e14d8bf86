"""What the reader is trained for: the relevant passages first, whether a passage answers, and its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from finetune.training.reader.questions import CandidatePassage
from retrieval.reader.input import ReaderInput

WITHOUT_EVIDENCE = 0.3
"""How much a passage counts for the loss of evidence that has none, or whose evidence is cut off."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Means over questions, passages, and passages."""

    relevance: Tensor
    answers: Tensor
    evidence: Tensor

    @property
    def total(self) -> Tensor:
        return self.relevance + self.answers + self.evidence


def relevance_loss(logits: Tensor, groups: Sequence[Sequence[CandidatePassage]]) -> Tensor:
    """Minus the log share that the relevant candidates have of each question's softmax; where none is, 0."""
    losses, start = [], 0
    for group in groups:
        of = logits[start : start + len(group)]
        start += len(group)
        relevant = torch.tensor([each.relevant for each in group])
        if relevant.any() and not relevant.all():
            losses.append(torch.logsumexp(of, 0) - torch.logsumexp(of[relevant], 0))
    return torch.stack(losses).mean() if losses else logits.sum() * 0


def answers_loss(logits: Tensor, candidates: Sequence[CandidatePassage]) -> Tensor:
    known = [n for n, each in enumerate(candidates) if each.answers is not None]
    right = torch.tensor([float(candidates[n].answers or 0) for n in known])
    return functional.binary_cross_entropy_with_logits(logits[known], right)


def evidence_loss(
    logits: Sequence[Tensor], candidates: Sequence[CandidatePassage], inputs: Sequence[ReaderInput]
) -> Tensor:
    """The mean over the tokens of units, then over passages. logits: for each passage those of its tokens."""
    losses, weights = [], []
    for of, each, read in zip(logits, candidates, inputs, strict=True):
        if each.evidence is None or not read.units or read.units[0][0] == read.units[-1][1]:
            continue
        start, end = read.units[0][0], read.units[-1][1]
        right = _token_labels(each.evidence, read)
        losses.append(functional.binary_cross_entropy_with_logits(of[start:end], right))
        weights.append(1.0 if right.any() else WITHOUT_EVIDENCE)
    if not losses:
        return torch.zeros(())
    return (torch.stack(losses) * torch.tensor(weights)).sum() / sum(weights)


def _token_labels(evidence: Sequence[bool], read: ReaderInput) -> Tensor:
    lengths = torch.tensor([end - start for start, end in read.units])
    return torch.repeat_interleave(torch.tensor(evidence, dtype=torch.float32), lengths)
