"""`groundtalk retrain`: learns from the conversation log, and goes live only with what is better."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from bot.commands.progress import StepProgress, time_left_bars
from bot.configuration import load_configured
from bot.errors import explain
from bot.evaluation import CandidateEvaluation, EvaluationTargets
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.store.store import Store
from finetune.datasets.builder import BuildOptions, build_dataset
from finetune.datasets.dataset import Dataset
from finetune.evaluation import concurrency
from finetune.evaluation.report import report_path, write_report
from finetune.gate import Decision
from finetune.lease import hold_lease
from finetune.migrations import upgrade
from finetune.release import LANGUAGE_TASKS, ActiveModels, Release
from finetune.releases import Releases
from finetune.retraining import (
    Candidate,
    Comparisons,
    CycleResult,
    CycleStatus,
    PendingDataset,
    RetrainingCycle,
    RetrainingSteps,
)
from finetune.training.options import MapOptions, TrainingObjective, TrainingOptions
from finetune.training.sft_data import DataMixture

log = structlog.get_logger(__name__)

Train = Callable[[Dataset, ActiveModels], Awaitable[Candidate]]
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
OPTIONS = TrainingOptions(epochs=3.0, learning_rate=2e-4, batch=4, accumulation=2)
"""For the log of a small deployment, with a few hundred examples."""


class RetrainTask(StrEnum):
    """language: the model of GENERATOR, for all tasks it serves. rewriter: the model of REWRITER, for rewriting."""

    LANGUAGE = "language"
    REWRITER = "rewriter"
    RETRIEVER = "retriever"


KINDS = {
    RetrainTask.LANGUAGE: ("rewriting", "grounding"),
    RetrainTask.REWRITER: ("rewriting",),
    RetrainTask.RETRIEVER: ("retrieval",),
}


@dataclass(frozen=True, slots=True)
class RetrainOptions:
    """What was asked for on the command line."""

    task: RetrainTask
    minimum: int
    imports: tuple[Path, ...]
    frozen: tuple[Path, ...]
    limit: int


def seconds(text: str) -> float:
    """`90s`, `30m`, `24h`, `7d`."""
    if not (found := re.fullmatch(r"([1-9]\d*)([smhd])", text)):
        raise typer.BadParameter(f"{text!r} is not a duration such as 30m, 24h or 7d")
    return int(found[1]) * UNITS[found[2]]


app = typer.Typer()


@app.command()
def retrain(
    task: Annotated[RetrainTask, typer.Option(help="What to train.")] = RetrainTask.LANGUAGE,
    every: Annotated[
        float | None, typer.Option(parser=seconds, metavar="24h", help="Repeat until stopped.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=0, help="Skip the cycle if there are fewer new examples.")] = 50,
    imports: Annotated[
        list[Path] | None,
        typer.Option("--import", exists=True, help="Examples to learn from in addition to the log."),
    ] = None,
    frozen: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, help="A set that you checked yourself: a candidate must not be worse on it."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Measure on at most N rows of each set.")] = 200,
) -> None:
    """Train on the log, and promote the result only if it is better and nowhere worse."""
    plan = RetrainOptions(task, minimum, tuple(imports or ()), tuple(frozen or ()), limit)
    if every is None:
        return _tell(asyncio.run(_cycle(plan)))
    while True:
        began = monotonic()
        try:
            _tell(asyncio.run(_cycle(plan)))
        except Exception as error:
            log.exception("retraining_failed", again_in_seconds=every)
            Console(stderr=True, soft_wrap=True).print(explain(error), markup=False)
        sleep(max(0.0, every - (monotonic() - began)))


async def _cycle(plan: RetrainOptions) -> CycleResult:
    """One cycle, unless another process that shares the database is retraining."""
    settings = load_configured()
    await upgrade(settings.database)
    async with await Store.open(settings.database) as store, hold_lease(store.database, "retraining") as mine:
        if not mine:
            return CycleResult(CycleStatus.SKIPPED, ("Another process is retraining now.",))
        with time_left_bars() as bars:
            return await _wired(plan, settings, store, bars).run()


def _wired(plan: RetrainOptions, settings: Settings, store: Store, bars: Progress) -> RetrainingCycle:
    releases = Releases(store.database)
    systems = EvaluationTargets(settings, releases)
    cache = settings.data_dir / "evaluation" / "searches"
    evaluation = CandidateEvaluation(
        systems, plan.frozen, plan.limit, cache, lambda name, total: _bar(bars, name, total)
    )

    def show(release: Release, compared: Comparisons, decision: Decision) -> None:
        title = f"{release.id}: {'promoted' if decision.promote else 'rejected'}"
        page = report_path(settings.reports, release.id)
        write_report([*compared.decisive, *compared.others], title, page, decision.reasons)
        bars.console.print(f"Report: {page}", soft_wrap=True)

    tasks = _tasks(plan.task, settings)
    return RetrainingCycle(
        tasks=tasks,
        kinds=KINDS[plan.task],
        minimum=plan.minimum,
        datasets=settings.datasets,
        note=PendingDataset(settings.data_dir / f"retraining-{plan.task}.json"),
        releases=releases,
        steps=RetrainingSteps(
            build=lambda: build_dataset(store.database, settings.datasets, BuildOptions(), plan.imports),
            train=_trainer(plan.task, tasks, settings, systems, releases, _steps(bars)),
            compare=evaluation.compare,
            show=show,
        ),
        say=bars.console.print,
    )


def _trainer(
    task: RetrainTask,
    tasks: tuple[str, ...],
    settings: Settings,
    systems: EvaluationTargets,
    releases: Releases,
    report: StepProgress,
) -> Train:
    from bot.training import LanguageTraining, RetrieverTraining

    if task is RetrainTask.RETRIEVER:
        return RetrieverTraining(settings, systems.loader, MapOptions(), report).train
    return LanguageTraining(
        settings=settings,
        weights=Weights(settings.weights_dir, Hub(settings.hf_endpoint)),
        releases=releases,
        base=settings.weights_for(tasks[-1]),
        choice=DataMixture(tasks=tasks),
        objective=TrainingObjective.SUPERVISED,
        options=OPTIONS,
        report=report,
    ).train


def _tasks(task: RetrainTask, settings: Settings) -> tuple[str, ...]:
    """The tasks of the candidate."""
    if task is RetrainTask.RETRIEVER:
        return ("retrieve",)
    if task is RetrainTask.REWRITER:
        return ("rewrite",)
    return tuple(each for each in LANGUAGE_TASKS if settings.weights_for(each) == settings.generator)


def _tell(outcome: CycleResult) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{outcome.verdict}[/] {outcome.release or ''}".rstrip())
    for reason in outcome.reasons:
        console.print(f"- {reason}", markup=False)


@contextmanager
def _bar(bars: Progress, name: str, total: int) -> Iterator[concurrency.RowProgress]:
    task = bars.add_task(name, total=total)
    yield lambda: bars.advance(task)
    bars.remove_task(task)


def _steps(bars: Progress) -> StepProgress:
    """A bar that appears with the first step."""
    tasks: list[TaskID] = []

    def report(done: int, total: int) -> None:
        if not tasks:
            tasks.append(bars.add_task("training"))
        bars.update(tasks[0], completed=done, total=total)

    return report
