"""Trains the reader: a run that stops and goes on at any step, and leaves an average of its weights.

    checkpoints/last.pt               where to go on
    checkpoints/reader.safetensors    the average so far
    checkpoints/log.jsonl             losses and speed
    artifact/reader.safetensors       the average at the end

The rate of learning falls with the square root of the steps, so that a run can be made longer afterwards.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import torch

from finetune.training.reader.batches import BatchReader
from finetune.training.reader.loss import Losses, answers_loss, evidence_loss, relevance_loss
from finetune.training.reader.material import Stream
from finetune.training.reader.model import ReaderModel, Tensors
from finetune.training.reader.options import ReaderOptions
from finetune.training.reader.questions import CandidatePassage, ReaderQuestion
from finetune.training.run import Run
from retrieval.chunking import estimate_tokens
from retrieval.encoders.packed_bert import PackedBert
from retrieval.files import write_atomically
from retrieval.reader.weights import HEADS, Calibration

WEIGHTS = "reader.safetensors"
AT_ONCE = 5
"""Questions whose gradients are computed together."""
_STATE, _LOG = "last.pt", "log.jsonl"

Report = Callable[[int, int], None]
"""Is given the step and how many there are."""


class ReaderTraining:
    """The state of a run: what has been learnt after `step` steps."""

    def __init__(self, bert: PackedBert, start: Tensors, options: ReaderOptions) -> None:
        """start: where the layers begin, `bert` itself or a trained reader."""
        torch.manual_seed(options.seed)
        self.options = options
        self._reader = BatchReader(bert)
        self.model = ReaderModel(replace(bert.shape, layers=options.layers))
        self.model.load(start)
        self.averaged = ReaderModel(self.model.shape)
        self.averaged.load_state_dict(self.model.state_dict())
        self._optimizer = torch.optim.AdamW(
            _groups(self.model, options), weight_decay=options.weight_decay, fused=True
        )
        self.step = 0

    def learn(self, questions: Sequence[ReaderQuestion]) -> dict[str, float]:
        """One step; its losses by their names."""
        for group in self._optimizer.param_groups:
            group["lr"] = group["highest"] * self.options.rate(self.step)
        self._optimizer.zero_grad()
        parts = [self._learn(part, len(questions)) for part in _together(questions)]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        self._average()
        return {name: sum(part[name] for part in parts) for name in HEADS}

    def _learn(self, part: Sequence[ReaderQuestion], questions: int) -> dict[str, float]:
        """The gradients of a part of a step, so that less has to be in memory."""
        losses = self._losses(part)
        share = len(part) / questions
        torch.autograd.backward(losses.total * share)
        return {name: getattr(losses, name).item() * share for name in HEADS}

    def _losses(self, questions: Sequence[ReaderQuestion]) -> Losses:
        inputs = self._reader.inputs(questions)
        groups = [question.candidates for question in questions]
        candidates = list(chain.from_iterable(groups))
        with torch.autocast("cpu", torch.bfloat16):
            relevance, answers, evidence = self._reader.logits(self.model, inputs)
        return Losses(
            relevance_loss(relevance, groups),
            answers_loss(answers, candidates),
            evidence_loss(evidence, candidates, inputs),
        )

    def _average(self) -> None:
        kept = min(self.options.average, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)

    def save(self, folder: Path) -> None:
        with write_atomically(folder / _STATE) as partial:
            torch.save({"step": self.step, **self._states()}, partial)
        self.write(folder / WEIGHTS)

    def write(self, path: Path) -> None:
        """The averaged weights, completely or not at all."""
        with write_atomically(path) as partial:
            self.averaged.weights(Calibration()).write(partial)

    def resume(self, folder: Path) -> None:
        """Goes on from what `save` left in `folder`, if anything."""
        if (folder / _STATE).exists():
            kept = torch.load(folder / _STATE, weights_only=True)
            self.step = kept["step"]
            self.model.load_state_dict(kept["model"])
            self.averaged.load_state_dict(kept["averaged"])
            self._optimizer.load_state_dict(kept["optimizer"])

    def _states(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }


def train_reader(
    run: Run,
    training: ReaderTraining,
    stream: Stream,
    steps: int,
    report: Report = lambda step, steps: None,
) -> Path:
    """Up to `steps` steps in all, those of earlier starts included; where the weights are."""
    run.checkpoints.mkdir(parents=True, exist_ok=True)
    training.resume(run.checkpoints)
    log = _Log(run.checkpoints / _LOG)
    while training.step < steps:
        log.add(training.learn(stream.questions(training.step)))
        report(training.step, steps)
        if training.step % training.options.every == 0 or training.step == steps:
            training.save(run.checkpoints)
            log.write(training.step)
    run.artifact.mkdir(exist_ok=True)
    training.write(run.artifact / WEIGHTS)
    return run.artifact / WEIGHTS


class _Log:
    """The means of the losses since the last line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started = perf_counter()
        self._losses: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, losses: Mapping[str, float]) -> None:
        for name, loss in losses.items():
            self._losses[name].append(loss)

    def write(self, step: int) -> None:
        seconds = (perf_counter() - self._started) / len(self._losses[HEADS[0]])
        means = {name: round(fmean(values), 4) for name, values in self._losses.items()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **means, "seconds_per_step": round(seconds, 2)}) + "\n")
        self._losses.clear()
        self._started = perf_counter()


def _together(questions: Sequence[ReaderQuestion]) -> Iterator[list[ReaderQuestion]]:
    """Those with passages of much the same length."""
    by_length = sorted(questions, key=lambda question: sum(map(_length, question.candidates)))
    for start in range(0, len(by_length), AT_ONCE):
        yield by_length[start : start + AT_ONCE]


def _length(candidate: CandidatePassage) -> int:
    return sum(map(estimate_tokens, candidate.passage.units))


def _groups(model: ReaderModel, options: ReaderOptions) -> list[dict[str, Any]]:
    named = list(model.named_parameters())
    heads = [parameter for name, parameter in named if name.split(".")[0] in HEADS]
    layers = [parameter for name, parameter in named if name.split(".")[0] not in HEADS]
    return [
        {"params": layers, "highest": options.learning_rate},
        {"params": heads, "highest": options.learning_rate * options.heads_faster},
    ]
