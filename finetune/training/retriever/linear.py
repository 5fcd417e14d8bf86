"""Learns the map of questions, the W of `q W p`, on vectors alone: seconds on a CPU, and no passage is embedded again.

InfoNCE (van den Oord et al., 2018) over the passages of a batch: those that answer its questions and the hard negatives
of all of them. W begins as the identity and is pulled towards it, so that little is learnt from little; validation says
when to stop. InfoNCE knows no level of scores, but who abstains below one relies on it: a second term holds the mean
score of each question's own hard negatives where it was. Knows vectors and rows, not how texts became them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from retrieval.encoders.base import Vectors

Measure = Callable[[Vectors], float]
"""How good a W is on questions that it does not learn from; more is better."""
Progress = Callable[[int, int], None]
"""Told how many of how many steps are done."""


@dataclass(frozen=True, slots=True)
class MapOptions:
    """pull: weight of the squared distance from the identity. hold: weight of the squared drift of the scores' level.
    learning_rate: of Adam, after so many steps of `warmup`; a larger one fills W with noise before it learns.
    batch: questions in a step; negatives: of each question in a step, drawn from the mined ones.
    interval: steps between two looks at the validation; patience: looks without a better one before the end.
    """

    pull: float = 30.0
    hold: float = 1.0
    temperature: float = 0.05
    learning_rate: float = 1e-4
    warmup: int = 20
    steps: int = 1000
    batch: int = 128
    negatives: int = 8
    interval: int = 50
    patience: int = 3
    seed: int = 17

    def record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions with rows of passages. vectors: (questions, dimension)."""

    vectors: Vectors
    positives: Sequence[Sequence[int]]
    negatives: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the validation, after so many steps."""

    step: int
    loss: float
    score: float


@dataclass(frozen=True, slots=True)
class Learnt:
    """matrix: the best W that was seen, the identity where none was better. looks: in their order."""

    matrix: Vectors
    best: Look
    looks: tuple[Look, ...]


def learn_map(
    asked: Asked, passages: Vectors, measure: Measure, options: MapOptions, progress: Progress
) -> Learnt:
    """The W that `measure` likes best. passages: (rows, dimension)."""
    identity = np.eye(passages.shape[1], dtype=np.float32)
    learnt = Learnt(identity, first := Look(0, np.nan, measure(identity)), (first,))
    for step, loss, matrix in _trained(asked, passages, options):
        progress(step, options.steps)
        if step % options.interval == 0:
            learnt = _looked(learnt, matrix(), Look(step, loss, measure(matrix())))
        if step - learnt.best.step >= options.patience * options.interval:
            break
    return learnt


def _looked(learnt: Learnt, matrix: Vectors, look: Look) -> Learnt:
    looks = (*learnt.looks, look)
    return Learnt(matrix, look, looks) if look.score > learnt.best.score else replace(learnt, looks=looks)


def _trained(
    asked: Asked, passages: Vectors, options: MapOptions
) -> Iterator[tuple[int, float, Callable[[], Vectors]]]:
    """After each step its number, the loss, and how to have W."""
    identity = torch.eye(passages.shape[1])
    change = torch.zeros_like(identity, requires_grad=True)
    adam = torch.optim.Adam([change], lr=options.learning_rate)
    warmer = torch.optim.lr_scheduler.LinearLR(adam, 1 / options.warmup, total_iters=options.warmup)
    random = np.random.default_rng(options.seed)
    for step in range(1, options.steps + 1):
        loss = _loss(_drawn(asked, options, random), asked.vectors, passages, identity + change, options)
        pulled = loss + options.pull * change.square().sum() / len(change)
        adam.zero_grad()
        torch.autograd.backward(pulled)
        adam.step()
        warmer.step()
        yield step, loss.item(), lambda: (identity + change).detach().numpy()


Drawn = list[tuple[int, Sequence[int], Sequence[int]]]
"""A batch: the number of a question, the rows that answer it, the rows that do not."""


def _drawn(asked: Asked, options: MapOptions, random: np.random.Generator) -> Drawn:
    count = min(options.batch, len(asked.vectors))
    numbers = random.choice(len(asked.vectors), count, replace=False)
    return [
        (
            number,
            asked.positives[number],
            random.permutation(asked.negatives[number])[: options.negatives].tolist(),
        )
        for number in numbers.tolist()
    ]


def _loss(drawn: Drawn, questions: Vectors, passages: Vectors, matrix: Tensor, options: MapOptions) -> Tensor:
    """InfoNCE and the drift, each in the mean over the questions."""
    rows = sorted({row for _, positives, negatives in drawn for row in (*positives, *negatives)})
    right = _marked(rows, [positives for _, positives, _ in drawn])
    wrong = _marked(rows, [negatives for _, _, negatives in drawn])
    asked = torch.from_numpy(questions[[number for number, _, _ in drawn]])
    found = torch.from_numpy(passages[rows]).T
    scores, before = asked @ matrix @ found / options.temperature, asked @ found / options.temperature
    drift = _mean(scores - before, wrong).square().mean()
    return _info_nce(scores, right) + options.hold * drift


def _marked(rows: Sequence[int], of_each: Sequence[Sequence[int]]) -> Tensor:
    """Which of `rows` belong to which question: (questions, rows)."""
    column = {row: number for number, row in enumerate(rows)}
    marks = torch.zeros(len(of_each), len(rows), dtype=torch.bool)
    for number, own in enumerate(of_each):
        marks[number, [column[row] for row in own]] = True
    return marks


def _info_nce(scores: Tensor, right: Tensor) -> Tensor:
    """Minus the log-probability of each positive against all that is none of its question's."""
    wrong = scores.masked_fill(right, -torch.inf).logsumexp(dim=1, keepdim=True)
    return _mean(softplus(wrong - scores), right).mean()


def _mean(values: Tensor, marks: Tensor) -> Tensor:
    """Of the marked values of each row; 0 where none is marked."""
    return torch.where(marks, values, 0).sum(dim=1) / marks.sum(dim=1).clamp_min(1)
