"""`groundtalk evaluate`: the measures of `docs/evaluation.md`, as a table, as JSON or as an HTML page."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.assembly import open_runtime
from bot.channels.base import DirectChannel
from bot.commands.progress import ingest_bars, time_left_bars
from bot.configuration import load_configured
from bot.evaluation import LIVE, EvaluationTargets, active_models_for, measure
from bot.settings import PACKAGE, Settings
from dialogue.store.store import Store
from finetune.errors import BadRelease
from finetune.evaluation import concurrency
from finetune.evaluation.handbook import (
    EVALUATION_CHANNEL,
    SAMPLE_QUESTIONS,
    HandbookQuestion,
    HandbookResult,
    evaluate_handbook,
    rows_by_kind,
    rows_by_question,
)
from finetune.evaluation.report import write_report
from finetune.evaluation.results import (
    Comparison,
    ResultRow,
    compare,
    result_rows,
    results_table,
    write_results,
)
from finetune.evaluation.sets import EvaluationSets, answers_at, drawn, names_of, rewriting_at, searches_at
from finetune.examples import read_examples
from finetune.migrations import upgrade
from finetune.releases import PinnedReleases, Releases

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)]
Limit = Annotated[int | None, typer.Option(min=1, help="Use only the first N of each file.")]
Drawn = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Use a random sample of N of each file, always the same one."),
]
Release = Annotated[str, typer.Option(help="The release that answers: live, base, shipped, or an id.")]
Against = Annotated[
    list[str] | None, typer.Option(help="Another release to measure and compare with; repeatable.")
]
Html = Annotated[
    Path | None, typer.Option("--html", dir_okay=False, help="Write a page with plots to this file.")
]
Json = Annotated[
    Path | None, typer.Option("--json", dir_okay=False, help="Write the rows to this file as well.")
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def handbook(limit: Limit = None, release: Release = LIVE, json: Json = None) -> None:
    """Ask the whole bot 40 questions about the sample handbook."""
    questions = list(read_examples(SAMPLE_QUESTIONS, HandbookQuestion, limit))
    system, outcomes = asyncio.run(_ask_handbook(load_configured(), release, questions))
    _show(rows_by_kind(outcomes, system), "The sample handbook")
    if json:
        write_results([*rows_by_kind(outcomes, system), *rows_by_question(outcomes, system)], json)


@app.command()
def retrieval(
    sets: Annotated[
        list[Path], typer.Argument(exists=True, help="Folders in BEIR form, or files of examples.")
    ],
    limit: Limit = None,
    release: Release = LIVE,
    against: Against = None,
    json: Json = None,
    html: Html = None,
    rewrites: Annotated[
        bool, typer.Option("--rewrite/--no-rewrite", help="Also search with our rewrites.")
    ] = True,
) -> None:
    """Search with the raw question, our rewrite and a person's rewrite."""
    searches = [searches_at(path, limit) for path in sets]
    results = _measured(EvaluationSets(retrieval=searches, rewrites=rewrites), release, against)
    _report(results, "Retrieval", json, html)


@app.command()
def rewriting(
    files: Files,
    limit: Drawn = None,
    release: Release = LIVE,
    against: Against = None,
    json: Json = None,
    html: Html = None,
) -> None:
    """Rewrite follow-up questions, and compare with the rewrites that people wrote."""
    sets = {name: drawn(rewriting_at(file), limit) for file, name in names_of(files).items()}
    _report(_measured(EvaluationSets(rewriting=sets), release, against), "Rewriting", json, html)


@app.command()
def answers(
    files: Files,
    limit: Drawn = None,
    release: Release = LIVE,
    against: Against = None,
    json: Json = None,
    html: Html = None,
) -> None:
    """Answer questions from the passages that come with them."""
    sets = {name: drawn(answers_at(file), limit) for file, name in names_of(files).items()}
    _report(_measured(EvaluationSets(answers=sets), release, against), "Answers", json, html)


@app.command()
def reader(
    files: Files,
    limit: Drawn = None,
    weights: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A trained reader; by default the one that ships."),
    ] = None,
    calibrate: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Fit its calibration on FILES, and write it here.")
    ] = None,
    json: Json = None,
) -> None:
    """Read what a search finds: what comes first, whether it answers, and which sentences are evidence.

    FILES hold dialogues with the chunks that they are about, or rows with passages.
    """
    from bot.models.download import Hub
    from bot.models.engines import load_configured_encoder
    from bot.models.weights import Weights
    from bot.settings import SHIPPED_READER
    from finetune.evaluation.reader import read_cases, reader_results
    from finetune.evaluation.reader_calibration import calibrated
    from finetune.evaluation.reader_cases import reader_cases
    from retrieval.encoders.names import E5
    from retrieval.encoders.packed_bert import open_bert
    from retrieval.reader.cross_encoder import CrossEncoder
    from retrieval.reader.weights import ReaderWeights

    settings = load_configured()
    place = weights or SHIPPED_READER
    found = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    model = CrossEncoder(place, open_bert(found.locate(E5) or Path()))
    sets = {}
    for name, cases in reader_cases(files, load_configured_encoder(settings, found), limit):
        with _bar(name, len(cases)) as progress:
            sets[name] = list(read_cases(cases, model.read, progress))
    calibration = model.calibration
    if calibrate:
        calibration = calibrated(list(sets.values()))
        replace(ReaderWeights.read(place), calibration=calibration).write(calibrate)
    results = [each for name, of in sets.items() for each in reader_results(name, of, calibration)]
    _show(result_rows(results), f"Reader, {calibration}")
    if json:
        write_results(result_rows(results), json)


def _measured(sets: EvaluationSets, release: str, against: Sequence[str] | None) -> list[Comparison]:
    return asyncio.run(_compared(load_configured(), sets, list(dict.fromkeys([release, *(against or [])]))))


async def _compared(settings: Settings, sets: EvaluationSets, names: Sequence[str]) -> list[Comparison]:
    """Measures one release after the other, each with the machine to itself, and compares the first with the rest."""
    async with _opened(settings) as store:
        known = EvaluationTargets(settings, Releases(store.database))
        systems = [await known.named(name) for name in names]
        cache = settings.data_dir / "evaluation" / "searches"
        results = [r for system in systems for r in await measure(system, sets, cache, _bar)]
    return compare(results, systems[0].name)


async def _ask_handbook(
    settings: Settings, release: str, questions: Sequence[HandbookQuestion]
) -> tuple[str, list[HandbookResult]]:
    """The name of what answered, and the results.

    Runs in a data folder of its own, so that the deployment's documents and conversations are not touched.
    """
    apart = {
        "data_dir": settings.data_dir / "evaluation",
        "database_url": type(settings.database_url)(""),
        "knowledge_dir": PACKAGE / "handbook",
    }
    async with _opened(settings) as store:
        active = await active_models_for(release, Releases(store.database))
        with ingest_bars() as progress:
            channels = (DirectChannel(EVALUATION_CHANNEL),)
            pinned = PinnedReleases(store.database, active)
            bot = await open_runtime(settings.model_copy(update=apart), progress, channels, pinned)
        try:
            if bot.watcher.models.active.names != active.names:
                raise BadRelease(release, "it cannot be loaded")
            with _bar("handbook", len(questions)) as ask_progress:
                name = bot.watcher.models.name
                return name, await evaluate_handbook(bot.manager.converse, questions, ask_progress)
        finally:
            await bot.close()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Store]:
    """The deployment's store, created if there is none."""
    await upgrade(settings.database)
    async with await Store.open(settings.database) as store:
        yield store


@contextmanager
def _bar(name: str, total: int) -> Iterator[concurrency.RowProgress]:
    with time_left_bars() as bars:
        task = bars.add_task(name, total=total)
        yield lambda: bars.advance(task)


def _report(comparisons: Sequence[Comparison], title: str, json: Path | None, html: Path | None) -> None:
    rows = [row for comparison in comparisons for row in result_rows(comparison.results)]
    gains = [row for comparison in comparisons for row in comparison.gain_rows()]
    _show(rows, title)
    if gains:
        _show(gains, "Gains")
    if json:
        write_results(rows, json, gains)
    if html:
        write_report(comparisons, title, html)


def _show(rows: Sequence[ResultRow], title: str) -> None:
    Console().print(results_table(rows, title))
