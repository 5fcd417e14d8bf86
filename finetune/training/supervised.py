"""Supervised training of an adapter, with the loss on the reply only (TRL).

Goes on from the last checkpoint of its run, ends early when the validation loss no longer falls, and keeps the best.
Several GPUs: `accelerate launch -m bot.cli finetune ...`. Knows lessons, not where they come from.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from datasets import Dataset
from transformers import PreTrainedTokenizerBase, PrinterCallback, TrainerCallback, set_seed
from trl import SFTConfig

from finetune.errors import NothingToLearn
from finetune.training.adapter import adapted
from finetune.training.allocation import allocation
from finetune.training.arguments import Schedule, last_checkpoint, schedule, trainer_arguments
from finetune.training.artifact import save_adapter
from finetune.training.base import load_base
from finetune.training.ending import conclude
from finetune.training.lessons import Lesson
from finetune.training.options import Options
from finetune.training.reply_trainer import ReplyTrainer
from finetune.training.run import Run
from finetune.training.watchers import watchers


def train_supervised(
    run: Run,
    base: Path,
    lessons: Sequence[Lesson],
    validation: Sequence[Lesson],
    options: Options,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains an adapter on `base`, from the adapter in `parent` where one is given, into the run's artifact.

    A lesson of more than `options.longest` tokens is left out: its reply would be cut. Raises UnusableBase,
    UnusableAdapter, NothingToLearn.
    """
    model, tokenizer = load_base(base, options.precision)
    given = len(lessons)
    lessons = _fitting(lessons, tokenizer, options.longest)
    validation = _fitting(validation, tokenizer, options.longest)
    if not lessons:
        raise NothingToLearn(f"language model of at most {options.longest} tokens (the option `longest`)")
    plan = schedule(len(lessons), options)
    set_seed(options.seed)
    patience = options.patience if validation else None
    trainer = ReplyTrainer(
        model=adapted(model, options, plan.steps, parent),
        args=_config(run, options, plan, validated=bool(validation)),
        processing_class=tokenizer,
        focus=options.focus,
        train_dataset=_rows(lessons),
        eval_dataset=_rows(validation) if validation else None,
        callbacks=watchers(run, patience, [*callbacks, *allocation(options, parent)]),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=last_checkpoint(run))
    read = {
        "lessons": len(lessons),
        "lessons that were too long": given - len(lessons),
        "lessons to validate": len(validation),
    }
    conclude(trainer, run, partial(save_adapter, trainer.model), read)


def _config(run: Run, options: Options, plan: Schedule, *, validated: bool) -> SFTConfig:
    return SFTConfig(
        **trainer_arguments(run, options, plan, validated=validated),
        max_length=options.longest,
        packing=options.packing,
        completion_only_loss=True,
        neftune_noise_alpha=options.noise or None,
    )


def _fitting(lessons: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase, longest: int) -> list[Lesson]:
    return [lesson for lesson in lessons if _tokens(lesson, tokenizer) <= longest]


def _tokens(lesson: Lesson, tokenizer: PreTrainedTokenizerBase) -> int:
    messages = [*lesson.prompt, {"role": "assistant", "content": lesson.reply}]
    return len(tokenizer.apply_chat_template(messages, return_dict=True)["input_ids"])


def _rows(lessons: Sequence[Lesson]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "prompt": list(lesson.prompt),
                "completion": [{"role": "assistant", "content": lesson.reply}],
            }
            for lesson in lessons
        ]
    )
