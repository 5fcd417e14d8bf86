"""What may be chosen of a training run of an encoder, with defaults for a small log on a small machine."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Precision = Literal["bf16", "fp32"]


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """learning_rate: at its highest, after `warmup` (a share of all steps); it falls to 0 by a cosine.
    batch: rows that are each other's negatives; at_once: how many of them are in memory together.
    accumulation: so many batches make one step.
    negatives: hard ones in each row. positives: of a question, at most; each has a row.
    longest: tokens of a text while training.
    patience: evaluations without a better validation nDCG before the run ends early; evaluations a run: how many.
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
