"""`groundtalk evaluate`: the measures of `docs/evaluation.md` on files, as a table or as JSON."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from langchain_core.language_models import BaseChatModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.channels.aside import AsideChannel
from bot.cli.reading import reading_bars
from bot.hub import Hub
from bot.models import close_engine, encoder_of, load_engine
from bot.settings import PACKAGE, Settings, load_settings
from bot.voice import load_voice
from bot.weights import Weights
from bot.wiring import open_bot
from dialogue.grounding import Grounder, Grounding
from dialogue.rewriting import Rewriter
from finetune.evaluation import asking
from finetune.evaluation.answers import answering_with, evaluate_answers
from finetune.evaluation.handbook import (
    CHANNEL,
    SAMPLE,
    HandbookQuestion,
    Outcome,
    by_kind,
    evaluate_handbook,
    one_by_one,
)
from finetune.evaluation.report import Row, table, write
from finetune.evaluation.retrieval import evaluate_retrieval, rewriting_questions_with
from finetune.evaluation.rewriting import evaluate_rewriting, rewriting_with
from finetune.evaluation.scores import rows_of
from finetune.evaluation.searches import read_search_set
from finetune.examples import GroundingExample, RewritingExample, read

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
    folders: Annotated[list[Path], typer.Argument(exists=True, file_okay=False)],
    limit: Limit = None,
    release: Release = BASE,
    json: Json = None,
    rewrites: Annotated[bool, typer.Option("--rewrite/--no-rewrite", help="Let the bot rewrite too.")] = True,
) -> None:
    """Search for the raw question, our rewrite and a person's rewrite."""
    settings = load_settings()
    encoder = encoder_of(settings, _weights(settings))
    system = f"{settings.encoder}, {settings.generator}" if rewrites else settings.encoder
    rows: list[Row] = []
    with _engine(settings) if rewrites else nullcontext() as engine:
        rewrite = rewriting_questions_with(Rewriter(engine)) if engine else None
        for folder in folders:
            searches = read_search_set(folder, limit)
            with _bar(searches.name, len(searches.questions)) as progress:
                work = evaluate_retrieval(
                    searches,
                    encoder,
                    settings.data_dir / "evaluation" / "searches",
                    system=system,
                    rewrite=rewrite,
                    progress=progress,
                )
                rows += rows_of(asyncio.run(work))
    _report(rows, "Retrieval", json)


@app.command()
def rewriting(files: Files, limit: Limit = None, release: Release = BASE, json: Json = None) -> None:
    """Rewrite follow-up questions, beside the rewrites that people wrote."""
    settings = load_settings()
    rows: list[Row] = []
    with _engine(settings) as engine:
        rewrite = rewriting_with(Rewriter(engine))
        for file in files:
            examples = list(read(file, RewritingExample, limit))
            with _bar(file.name, len(examples)) as progress:
                work = evaluate_rewriting(
                    rewrite, examples, name=_name(file), system=settings.generator, progress=progress
                )
                rows += rows_of(asyncio.run(work))
    _report(rows, "Rewriting", json)


@app.command()
def answers(files: Files, limit: Limit = None, release: Release = BASE, json: Json = None) -> None:
    """Answer questions from the passages that come with them."""
    settings = load_settings()
    rows: list[Row] = []
    with _engine(settings) as engine:
        grounding = Grounding(passage_tokens=settings.passage_tokens)
        grounder = Grounder(engine, load_voice(settings.voice_file), grounding)
        respond = answering_with(Rewriter(engine), grounder)
        for file in files:
            examples = list(read(file, GroundingExample, limit))
            with _bar(file.name, len(examples)) as progress:
                work = evaluate_answers(
                    respond, examples, name=_name(file), system=settings.generator, progress=progress
                )
                rows += rows_of(asyncio.run(work))
    _report(rows, "Answers", json)


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


def _weights(settings: Settings) -> Weights:
    return Weights(settings.weights_dir, Hub(settings.hf_endpoint))


@contextmanager
def _engine(settings: Settings) -> Iterator[BaseChatModel]:
    engine = load_engine(settings, _weights(settings))
    try:
        yield engine
    finally:
        close_engine(engine)


@contextmanager
def _bar(name: str, total: int) -> Iterator[asking.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(name, total=total)
        yield lambda: bars.advance(task)


def _name(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".jsonl")


def _report(rows: Sequence[Row], title: str, json: Path | None) -> None:
    _show(rows, title)
    if json:
        write(rows, json)


def _show(rows: Sequence[Row], title: str) -> None:
    Console().print(table(rows, title))
