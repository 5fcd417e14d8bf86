"""Those who watch a trainer: curves for TensorBoard, the clock, and what ends a run that no longer gets better."""

from collections.abc import Sequence

from transformers import EarlyStoppingCallback, TrainerCallback
from transformers.integrations import TensorBoardCallback

from finetune.training.clock import Clock
from finetune.training.run import Run


def watchers(
    run: Run, patience: int | None, callbacks: Sequence[TrainerCallback] = ()
) -> list[TrainerCallback]:
    """`callbacks` and those of every run; patience: evaluations without a better result, None for no early end."""
    curves = TensorBoardCallback()
    curves.logging_dir = str(run.tensorboard)
    stopping = [] if patience is None else [EarlyStoppingCallback(patience)]
    return [*callbacks, Clock(), curves, *stopping]
