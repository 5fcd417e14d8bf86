"""Options of a run that trains the reader."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """layers: the lowest ones of the encoder. learning_rate: the highest, reached after `warmup` steps and kept until
    `plateau`; heads learn `heads_faster` times as fast.
    average: how much of the averaged weights stays in a step. every: steps between checkpoints.
    """

    layers: int = 6
    learning_rate: float = 1e-4
    heads_faster: float = 5.0
    warmup: int = 100
    plateau: int = 2000
    weight_decay: float = 0.01
    average: float = 0.99
    every: int = 50
    seed: int = 17

    def record(self) -> dict[str, Any]:
        return asdict(self)

    def rate(self, step: int) -> float:
        """A share of the highest."""
        return min(1.0, (step + 1) / self.warmup, (self.plateau / (step + 1)) ** 0.5)


@dataclass(frozen=True, slots=True)
class ReaderShares:
    """How many questions of dialogues, and of rows with passages, a step has."""

    dialogues: int = 4
    passages: int = 4

    def record(self) -> dict[str, Any]:
        return asdict(self)
