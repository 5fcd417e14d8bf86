"""Options of training runs, with defaults for a small log on a small machine."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal


class TrainingObjective(StrEnum):
    SUPERVISED = "supervised"
    DPO = "dpo"
    KTO = "kto"


AdapterMethod = Literal["lora", "adalora"]
Precision = Literal["bf16", "fp32"]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """learning_rate: the maximum, reached after `warmup` (a share of all steps) and followed by a cosine decay to 0.
    batch: examples per batch. accumulation: batches per step.
    layers: how many of the last layers are trained, None for all of them.
    longest: examples with more tokens are left out.
    focus: how much more is learnt from tokens that the model is uncertain about (Lin et al., "Focal Loss", 2017), such
    as the first ones of a copied sentence, which decide which sentence it is; 0 for the plain loss.
    noise: strength of the noise on embeddings (Jain et al., "NEFTune", 2023), 0 for none.
    packing: several examples in one row; needs an attention that keeps them apart (a GPU with flash-attention).
    validation: at most this many examples for an evaluation, which reads all of them; 0 for none.
    evaluations: how many per run; checkpoints are written at the same times. patience: after how many without a better
    validation loss the run stops early.
    """

    method: AdapterMethod = "lora"
    rank: int = 8
    layers: int | None = None
    learning_rate: float = 3e-4
    warmup: float = 0.05
    weight_decay: float = 0.01
    dropout: float = 0.0
    epochs: float = 1.0
    batch: int = 8
    accumulation: int = 2
    longest: int = 1024
    focus: float = 1.0
    noise: float = 0.0
    packing: bool = False
    precision: Precision = "bf16"
    validation: int = 64
    evaluations: int = 8
    patience: int = 3
    seed: int = 17

    def record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PreferenceOptions(TrainingOptions):
    """beta: how closely the model is held to the one it started from; more is closer.
    likelihood: weight of the better reply's own likelihood in the loss; for DPO only.
    """

    learning_rate: float = 5e-5
    beta: float = 0.1
    likelihood: float = 1.0


OBJECTIVE_OPTIONS: dict[TrainingObjective, type[TrainingOptions]] = {
    TrainingObjective.SUPERVISED: TrainingOptions,
    TrainingObjective.DPO: PreferenceOptions,
    TrainingObjective.KTO: PreferenceOptions,
}
"""The options that each objective takes."""


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
class EncoderOptions:
    """learning_rate: the maximum, reached after `warmup` (a share of all steps) and followed by a cosine decay to 0.
    batch: rows that serve as each other's negatives. at_once: how many of them are computed together.
    accumulation: batches per step.
    negatives: hard negatives per row. positives: at most this many rows per question, each with one positive.
    longest: texts are cut to this many tokens in training.
    evaluations: how many per run. patience: after how many without a better validation nDCG the run stops early.
    """

    learning_rate: float = 2e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    temperature: float = 0.05
    epochs: float = 1.0
    batch: int = 64
    at_once: int = 32
    accumulation: int = 1
    negatives: int = 2
    positives: int = 4
    longest: int = 128
    precision: Precision = "fp32"
    evaluations: int = 4
    patience: int = 2
    seed: int = 17

    def record(self) -> dict[str, Any]:
        return asdict(self)
