"""The end of a run: its page, then what was learnt, which says that it is finished; checkpoints are of no use then."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from transformers import Trainer

from finetune.training.report import write_report
from finetune.training.run import Run


def conclude(trainer: Trainer, run: Run, save: Callable[[Path], None], read: Mapping[str, int]) -> None:
    """`save` writes the artifact's folder, whole. Of several processes one writes, and all wait for it."""
    if trainer.is_world_process_zero():
        write_report(run, trainer.state.log_history, read)
        save(run.artifact)
        shutil.rmtree(run.checkpoints, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
