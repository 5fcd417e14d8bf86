"""`groundtalk retrain`: learn from what was logged, and go live only with what is better."""

import asyncio
import re
from collections.abc import Iterator
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

from bot.cli.progress import time_left_bars
from bot.hub import Hub
from bot.learning import LanguageLearning, Report, RetrieverLearning
from bot.settings import Settings, load_settings
from bot.systems import Systems
from bot.trials import Trials
from bot.weights import Weights
from dialogue.migrations import upgrade
from dialogue.store import Store
from finetune.datasets.building import BuildOptions, build_dataset
from finetune.evaluation import asking
from finetune.evaluation.page import page_of, write_page
from finetune.gate import Decision
from finetune.lease import held
from finetune.release import LANGUAGE, Release
from finetune.releases import Releases
from finetune.retraining import Cycle, Note, Outcome, Steps, Trial, Verdict
from finetune.training.curriculum import Choice
from finetune.training.objective import Objective
from finetune.training.options import Options
from finetune.training.retriever.linear import MapOptions

log = structlog.get_logger(__name__)

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
OPTIONS = Options(epochs=3.0, learning_rate=2e-4, batch=4, accumulation=2)
"""For the few hundred examples of a small deployment's log."""


class Task(StrEnum):
    """language: what GENERATOR names, for all that it does. rewriter: what REWRITER names, to rewrite."""

    LANGUAGE = "language"
    REWRITER = "rewriter"
    RETRIEVER = "retriever"


KINDS = {
    Task.LANGUAGE: ("rewriting", "grounding"),
    Task.REWRITER: ("rewriting",),
    Task.RETRIEVER: ("retrieval",),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for on the command line."""

    task: Task
    minimum: int
    imports: tuple[Path, ...]
    frozen: tuple[Path, ...]
    limit: int


def seconds(text: str) -> float:
    """`90s`, `30m`, `24h`, `7d`."""
    if not (found := re.fullmatch(r"([1-9]\d*)([smhd])", text)):
        raise typer.BadParameter(f"{text!r} is no time such as 30m, 24h or 7d")
    return int(found[1]) * UNITS[found[2]]


app = typer.Typer()


@app.command()
def retrain(
    task: Annotated[Task, typer.Option(help="What to train.")] = Task.LANGUAGE,
    every: Annotated[
        float | None, typer.Option(parser=seconds, metavar="24h", help="Again and again, until stopped.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=0, help="Skip if fewer examples are new.")] = 50,
    imports: Annotated[
        list[Path] | None,
        typer.Option("--import", exists=True, help="Examples to learn from beside the log."),
    ] = None,
    frozen: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="A set that you checked: nothing may be worse on it."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Measure on so many rows of each set.")] = 200,
) -> None:
    """Learn from the log, and go live only with what is better and nowhere worse."""
    plan = Plan(task, minimum, tuple(imports or ()), tuple(frozen or ()), limit)
    if every is None:
        return _tell(asyncio.run(_cycle(plan)))
    while True:
        began = monotonic()
        try:
            _tell(asyncio.run(_cycle(plan)))
        except Exception as error:
            log.exception("retraining_failed", again_in_seconds=every)
            Console(stderr=True, soft_wrap=True).print(str(error), markup=False)
        sleep(max(0.0, every - (monotonic() - began)))


async def _cycle(plan: Plan) -> Outcome:
    """Once, unless another process that shares the database is at it."""
    settings = load_settings()
    await upgrade(settings.database)
    async with await Store.open(settings.database) as store, held(store.database, "retraining") as mine:
        if not mine:
            return Outcome(Verdict.SKIPPED, ("Another process is retraining now.",))
        with time_left_bars() as bars:
            return await _wired(plan, settings, store, bars).run()


def _wired(plan: Plan, settings: Settings, store: Store, bars: Progress) -> Cycle:
    releases = Releases(store.database)
    systems = Systems(settings, releases)
    cache = settings.data_dir / "evaluation" / "searches"
    trials = Trials(systems, plan.frozen, plan.limit, cache, lambda name, total: _bar(bars, name, total))

    def show(release: Release, trial: Trial, decision: Decision) -> None:
        title = f"{release.id}: {'promoted' if decision.promote else 'rejected'}"
        page = page_of(settings.reports, release.id)
        write_page([*trial.decisive, *trial.others], title, page, decision.reasons)
        bars.console.print(f"Report: {page}", soft_wrap=True)

    report = _steps(bars)
    tasks = _tasks(plan.task, settings)
    learning = (
        RetrieverLearning(settings, systems.staff, MapOptions(), report)
        if plan.task is Task.RETRIEVER
        else LanguageLearning(
            settings=settings,
            weights=Weights(settings.weights_dir, Hub(settings.hf_endpoint)),
            releases=releases,
            base=settings.weights_for(tasks[-1]),
            choice=Choice(tasks=tasks),
            objective=Objective.SUPERVISED,
            options=OPTIONS,
            report=report,
        )
    )
    return Cycle(
        tasks=tasks,
        kinds=KINDS[plan.task],
        minimum=plan.minimum,
        datasets=settings.datasets,
        note=Note(settings.data_dir / f"retraining-{plan.task}.json"),
        releases=releases,
        steps=Steps(
            build=lambda: build_dataset(store.database, settings.datasets, BuildOptions(), plan.imports),
            train=learning.train,
            compare=trials.hold,
            show=show,
        ),
        say=bars.console.print,
    )


def _tasks(task: Task, settings: Settings) -> tuple[str, ...]:
    """What the candidate will do."""
    if task is Task.RETRIEVER:
        return ("retrieve",)
    if task is Task.REWRITER:
        return ("rewrite",)
    return tuple(each for each in LANGUAGE if settings.weights_for(each) == settings.generator)


def _tell(outcome: Outcome) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{outcome.verdict}[/] {outcome.release or ''}".rstrip())
    for reason in outcome.reasons:
        console.print(f"- {reason}", markup=False)


@contextmanager
def _bar(bars: Progress, name: str, total: int) -> Iterator[asking.Progress]:
    task = bars.add_task(name, total=total)
    yield lambda: bars.advance(task)
    bars.remove_task(task)


def _steps(bars: Progress) -> Report:
    """A bar that appears with the first step."""
    tasks: list[TaskID] = []

    def report(done: int, total: int) -> None:
        if not tasks:
            tasks.append(bars.add_task("training"))
        bars.update(tasks[0], completed=done, total=total)

    return report
