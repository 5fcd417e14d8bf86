"""Trains a linear map of query vectors, the W of `q W p`: seconds on a CPU, and passages need not be embedded again.

The loss is InfoNCE (van den Oord et al., 2018) over the passages of a batch: those that answer its questions and the
hard negatives of all of them. W starts as the identity and is pulled towards it, so that little is changed when there
is little data; validation decides when to stop. InfoNCE is indifferent to the absolute level of the scores, but
abstaining depends on it: a second term keeps the mean score of each question's own hard negatives where it was.

The run leaves `map.safetensors`. Passage vectors are cached; a killed run starts its training over.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.utils.tensorboard import SummaryWriter

from finetune.errors import NothingToLearn
from finetune.evaluation.metrics import ndcg_at
from finetune.evaluation.retrieval import open_index
from finetune.training.options import MapOptions
from finetune.training.report import write_run_report
from finetune.training.retriever.data import RetrieverData, hard_negatives
from finetune.training.run import Run
from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.query_map import MAP_FILE, QueryMap
from retrieval.files import write_atomically
from retrieval.index import KEYWORD_WEIGHT, Index

MapScore = Callable[[Vectors], float]
"""How good a W is on questions that it was not trained on; higher is better."""
StepProgress = Callable[[int, int], None]
"""Called with the number of finished steps and of all steps."""


@dataclass(frozen=True, slots=True)
class MapQuestions:
    """Questions with rows of passages. vectors: (questions, dimension)."""

    vectors: Vectors
    positives: Sequence[Sequence[int]]
    negatives: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class MapValidation:
    """One validation, after `step` steps."""

    step: int
    loss: float
    score: float


@dataclass(frozen=True, slots=True)
class TrainedMap:
    """matrix: the best W, the identity if none was better. looks: all validations in their order."""

    matrix: Vectors
    best: MapValidation
    looks: tuple[MapValidation, ...]


def fit_map(
    asked: MapQuestions, passages: Vectors, measure: MapScore, options: MapOptions, progress: StepProgress
) -> TrainedMap:
    """The W with the best score by `measure`. passages: (rows, dimension)."""
    identity = np.eye(passages.shape[1], dtype=np.float32)
    learnt = TrainedMap(identity, first := MapValidation(0, np.nan, measure(identity)), (first,))
    for step, loss, matrix in _training_steps(asked, passages, options):
        progress(step, options.steps)
        if step % options.interval == 0:
            learnt = _validated(learnt, matrix(), MapValidation(step, loss, measure(matrix())))
        if step - learnt.best.step >= options.patience * options.interval:
            break
    return learnt


def _validated(learnt: TrainedMap, matrix: Vectors, look: MapValidation) -> TrainedMap:
    looks = (*learnt.looks, look)
    return TrainedMap(matrix, look, looks) if look.score > learnt.best.score else replace(learnt, looks=looks)


def _training_steps(
    asked: MapQuestions, passages: Vectors, options: MapOptions
) -> Iterator[tuple[int, float, Callable[[], Vectors]]]:
    """Yields after each step its number, the loss, and a function that returns W."""
    identity = torch.eye(passages.shape[1])
    change = torch.zeros_like(identity, requires_grad=True)
    adam = torch.optim.Adam([change], lr=options.learning_rate)
    warmer = torch.optim.lr_scheduler.LinearLR(adam, 1 / options.warmup, total_iters=options.warmup)
    random = np.random.default_rng(options.seed)
    for step in range(1, options.steps + 1):
        loss = _loss(_draw_batch(asked, options, random), asked.vectors, passages, identity + change, options)
        pulled = loss + options.pull * change.square().sum() / len(change)
        adam.zero_grad()
        torch.autograd.backward(pulled)
        adam.step()
        warmer.step()
        yield step, loss.item(), lambda: (identity + change).detach().numpy()


MapBatch = list[tuple[int, Sequence[int], Sequence[int]]]
"""A batch: the number of a question, the rows that answer it, the rows that do not."""


def _draw_batch(asked: MapQuestions, options: MapOptions, random: np.random.Generator) -> MapBatch:
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


def _loss(
    drawn: MapBatch, questions: Vectors, passages: Vectors, matrix: Tensor, options: MapOptions
) -> Tensor:
    """InfoNCE and the drift, each averaged over the questions."""
    rows = sorted({row for _, positives, negatives in drawn for row in (*positives, *negatives)})
    right = _mask(rows, [positives for _, positives, _ in drawn])
    wrong = _mask(rows, [negatives for _, _, negatives in drawn])
    asked = torch.from_numpy(questions[[number for number, _, _ in drawn]])
    found = torch.from_numpy(passages[rows]).T
    scores, before = asked @ matrix @ found / options.temperature, asked @ found / options.temperature
    drift = _masked_mean(scores - before, wrong).square().mean()
    return _info_nce(scores, right) + options.hold * drift


def _mask(rows: Sequence[int], of_each: Sequence[Sequence[int]]) -> Tensor:
    """Which of `rows` belong to which question: (questions, rows)."""
    column = {row: number for number, row in enumerate(rows)}
    marks = torch.zeros(len(of_each), len(rows), dtype=torch.bool)
    for number, own in enumerate(of_each):
        marks[number, [column[row] for row in own]] = True
    return marks


def _info_nce(scores: Tensor, right: Tensor) -> Tensor:
    """Minus the log-probability of each positive against all that is none of its question's."""
    wrong = scores.masked_fill(right, -torch.inf).logsumexp(dim=1, keepdim=True)
    return _masked_mean(softplus(wrong - scores), right).mean()


def _masked_mean(values: Tensor, marks: Tensor) -> Tensor:
    """The mean of the marked values of each row; 0 if none is marked."""
    return torch.where(marks, values, 0).sum(dim=1) / marks.sum(dim=1).clamp_min(1)


_CUTOFF = 5


def train_query_map(
    run: Run,
    encoder: Encoder,
    material: RetrieverData,
    validation: RetrieverData,
    options: MapOptions,
    cache: Path,
    progress: StepProgress,
) -> TrainedMap:
    """Leaves the map in the run's artifact.

    `validation` has the same passages as `material`; their vectors are kept in `cache`. Without validation questions
    the map is the identity. Raises NothingToLearn where there is no question to learn from.
    """
    if not material.questions:
        raise NothingToLearn("retriever")
    index = open_index(material.searches, encoder, cache, KEYWORD_WEIGHT)
    passages = index.vectors.at(range(index.vectors.rows))
    validator = MapValidator(index, validation, encoder)
    learnt = fit_map(_map_questions(index, material, encoder), passages, validator.ndcg, options, progress)
    _write_curves(learnt.looks, run.tensorboard)
    read = {"questions": len(material.questions), "searches to validate": len(validation.questions)}
    write_run_report(run, [_log_entry(look) for look in learnt.looks], read)
    _save(QueryMap(learnt.matrix, encoder.fingerprint), run.artifact)
    return learnt


def _map_questions(index: Index, material: RetrieverData, encoder: Encoder) -> MapQuestions:
    questions = encoder.encode_questions(material.texts)
    return MapQuestions(questions, material.positives(), hard_negatives(index, material, questions))


class MapValidator:
    """Searches for the validation's questions as the bot does, with one map or another."""

    def __init__(self, index: Index, validation: RetrieverData, encoder: Encoder) -> None:
        self._index = index
        self._texts = validation.texts
        self._wanted = [dict.fromkeys(map(str, rows), 1) for rows in validation.positives()]
        self._questions = encoder.encode_questions(self._texts)
        self._encoder = encoder.fingerprint

    def ndcg(self, matrix: Vectors) -> float:
        """Mean nDCG at 5; 0 without validation questions."""
        mapped = QueryMap(matrix, self._encoder).apply(self._questions)
        scores = [
            ndcg_at(_CUTOFF, self._found(text, question), wanted)
            for text, question, wanted in zip(self._texts, mapped, self._wanted, strict=True)
        ]
        return float(np.mean(scores)) if scores else 0.0

    def _found(self, text: str, question: Vectors) -> list[str]:
        return [str(hit.row) for hit in self._index.search([text], question[None], _CUTOFF)]


def _write_curves(looks: Sequence[MapValidation], folder: Path) -> None:
    with SummaryWriter(folder) as writer:
        for look in looks:
            writer.add_scalar("eval/ndcg_at_5", look.score, look.step)
            writer.add_scalar("train/loss", look.loss, look.step)


def _log_entry(look: MapValidation) -> dict[str, float]:
    """In the form that trainers log, for the run's report; there is no loss before the first step."""
    loss = {"loss": look.loss} if look.step else {}
    return {"step": look.step, "eval_validation_cosine_ndcg@5": look.score, **loss}


def _save(map: QueryMap, folder: Path) -> None:
    """Writes the artifact, completely or not at all."""
    with write_atomically(folder) as partial:
        partial.mkdir()
        map.write(partial / MAP_FILE)
