"""`groundtalk evaluate`: the measures of `docs/evaluation.md` on files, as a table, as JSON or as a page."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.channels.aside import AsideChannel
from bot.cli.reading import reading_bars
from bot.measuring import Sets, measure
from bot.settings import PACKAGE, Settings, load_settings
from bot.systems import system_of
from bot.wiring import open_bot
from finetune.evaluation import asking
from finetune.evaluation.comparison import Comparison, compare
from finetune.evaluation.handbook import (
    CHANNEL,
    SAMPLE,
    HandbookQuestion,
    Outcome,
    by_kind,
    evaluate_handbook,
    one_by_one,
)
from finetune.evaluation.page import write_page
from finetune.evaluation.report import Row, table, write
from finetune.evaluation.scores import Result, rows_of
from finetune.evaluation.searches import SearchSet, read_search_set, searches_of
from finetune.examples import GroundingExample, RetrievalExample, RewritingExample, read

BASE = "base"


def _known(release: str) -> str:
    if release != BASE:
        raise typer.BadParameter(
            f"no release {release!r}; {BASE!r}, the weights as they come, is the only one"
        )
    return release


Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many of each file.")]
Release = Annotated[str, typer.Option(callback=_known, help="Which release answers.")]
Against = Annotated[
    list[str] | None, typer.Option(help="Another release to measure too, and to compare with; repeatable.")
]
Html = Annotated[Path | None, typer.Option("--html", dir_okay=False, help="Write a page with plots there.")]
Json = Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write the rows there too.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def handbook(limit: Limit = None, release: Release = BASE, json: Json = None) -> None:
    """Ask 40 questions about the sample handbook through the whole pipeline."""
    settings = load_settings()
    questions = list(read(SAMPLE, HandbookQuestion, limit))
    outcomes = asyncio.run(_ask_handbook(settings, questions))
    _show(by_kind(outcomes, settings.generator), "The sample handbook")
    if json:
        write([*by_kind(outcomes, settings.generator), *one_by_one(outcomes, settings.generator)], json)


@app.command()
def retrieval(
    sets: Annotated[
        list[Path], typer.Argument(exists=True, help="Folders in BEIR form, or files of examples.")
    ],
    limit: Limit = None,
    release: Release = BASE,
    against: Against = None,
    json: Json = None,
    html: Html = None,
    rewrites: Annotated[bool, typer.Option("--rewrite/--no-rewrite", help="Let the bot rewrite too.")] = True,
) -> None:
    """Search for the raw question, our rewrite and a person's rewrite."""
    searches = [_searches(path, limit) for path in sets]
    results = _measured(Sets(retrieval=searches, rewrites=rewrites), release, against)
    _report(results, "Retrieval", json, html)


@app.command()
def rewriting(
    files: Files,
    limit: Limit = None,
    release: Release = BASE,
    against: Against = None,
    json: Json = None,
    html: Html = None,
) -> None:
    """Rewrite follow-up questions, beside the rewrites that people wrote."""
    sets = {_name(file): list(read(file, RewritingExample, limit)) for file in files}
    _report(_measured(Sets(rewriting=sets), release, against), "Rewriting", json, html)


@app.command()
def answers(
    files: Files,
    limit: Limit = None,
    release: Release = BASE,
    against: Against = None,
    json: Json = None,
    html: Html = None,
) -> None:
    """Answer questions from the passages that come with them."""
    sets = {_name(file): list(read(file, GroundingExample, limit)) for file in files}
    _report(_measured(Sets(answers=sets), release, against), "Answers", json, html)


def _measured(sets: Sets, release: str, against: Sequence[str] | None) -> list[Comparison]:
    """One release after the other, so that each has the machine alone; the first of them beside the others."""
    settings = load_settings()
    cache = settings.data_dir / "evaluation" / "searches"
    results: list[Result] = []
    names: list[str] = []
    for wanted in dict.fromkeys([release, *(against or [])]):
        with system_of(settings, wanted) as system:
            names.append(system.name)
            results += asyncio.run(measure(system, sets, cache, _bar))
    return compare(results, names[0])


async def _ask_handbook(settings: Settings, questions: Sequence[HandbookQuestion]) -> list[Outcome]:
    """In a data folder of its own: neither the deployment's documents nor its conversations are touched."""
    apart = {
        "data_dir": settings.data_dir / "evaluation",
        "database_url": type(settings.database_url)(""),
        "knowledge_dir": PACKAGE / "handbook",
    }
    with reading_bars() as progress:
        bot = await open_bot(settings.model_copy(update=apart), progress, (AsideChannel(CHANNEL),))
    try:
        with _bar("handbook", len(questions)) as ask_progress:
            return await evaluate_handbook(bot.manager.converse, questions, ask_progress)
    finally:
        await bot.close()


@contextmanager
def _bar(name: str, total: int) -> Iterator[asking.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(name, total=total)
        yield lambda: bars.advance(task)


def _searches(path: Path, limit: int | None) -> SearchSet:
    if path.is_dir():
        return read_search_set(path, limit)
    return searches_of(_name(path), list(read(path, RetrievalExample, limit)), read(path, RetrievalExample))


def _name(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".jsonl")


def _report(comparisons: Sequence[Comparison], title: str, json: Path | None, html: Path | None) -> None:
    rows = [row for comparison in comparisons for row in rows_of(comparison.results)]
    gains = [row for comparison in comparisons for row in comparison.gain_rows()]
    _show(rows, title)
    if gains:
        _show(gains, "Gains")
    if json:
        write(rows, json, gains)
    if html:
        write_page(comparisons, title, html)


def _show(rows: Sequence[Row], title: str) -> None:
    Console().print(table(rows, title))
