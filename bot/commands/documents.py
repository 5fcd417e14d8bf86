"""`groundtalk ingest` and `search`: documents into the index, and the passages that a question finds."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from langchain_core.documents import Document
from rich.console import Console
from rich.text import Text

from bot.commands.progress import ingest_bars
from bot.documents import live_collection, refresh_documents
from bot.settings import load_settings
from retrieval.ingest import IngestReport
from retrieval.retriever import Retriever

ingest_app = typer.Typer()


@ingest_app.command()
def ingest(
    path: Annotated[
        Path | None, typer.Argument(help="A folder or a file. Default: KNOWLEDGE_DIR.", exists=True)
    ] = None,
    allow_removal: Annotated[
        bool,
        typer.Option(help="Remove documents from the index although more than half of the files are gone."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Bring the index up to date with PATH: unchanged files are not read again, deleted ones are removed."""
    settings = load_settings()
    collection = asyncio.run(live_collection(settings))
    with ingest_bars() as progress:
        report = collection.ingest(path or settings.knowledge_dir, progress, allow_removal=allow_removal)
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False, indent=1))
    else:
        _print_report(report)


def _print_report(report: IngestReport) -> None:
    console = Console(highlight=False)
    console.print(
        f"{report.documents} documents in {report.chunks} chunks, {report.embedded} of them new: "
        f"{report.added} files added, {report.changed} changed, {report.removed} removed."
    )
    for source, reason in report.problems.items():
        console.print(f"[yellow]not read[/]: {source}: {reason}", markup=True)
    for source, note in report.notes.items():
        console.print(f"[yellow]read in part[/]: {source}: {note}", markup=True)
    for suffix, names in _by_suffix(report.skipped).items():
        console.print(
            f"[yellow]not read[/]: {', '.join(names)}: files of the kind {suffix} are not read", markup=True
        )
    for copy, original in report.copies.items():
        console.print(
            f"[yellow]says the same[/]: {copy}: as {original}, which is found in its place", markup=True
        )


def _by_suffix(names: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(PurePosixPath(name).suffix.lower() or "without a suffix", []).append(name)
    return dict(sorted(groups.items()))


search_app = typer.Typer()


@search_app.command()
def search(
    question: Annotated[str, typer.Argument()],
    limit: Annotated[int, typer.Option(help="How many passages.", min=1, max=100)] = 5,
) -> None:
    """Show the passages that QUESTION finds, best first, each with its cosine, title and source."""
    settings = load_settings()
    collection = asyncio.run(live_collection(settings))
    refresh_documents(settings, collection)
    found = asyncio.run(Retriever(collection=collection, k=limit).ainvoke(question))
    for n, document in enumerate(found, 1):
        _print_passage(n, document)


def _print_passage(n: int, document: Document) -> None:
    console = Console(highlight=False)
    about = document.metadata
    page = f"p. {about['page']}" if about["page"] else ""
    heading = " › ".join(filter(None, (about["title"], about["heading"], page)))
    console.print(
        Text.assemble(
            (f"{n}. ", "bold"),
            (heading, "bold"),
            f"  {about['score']:.3f}  ",
            (", ".join([about["source"], *about["copies"]]), "dim"),
        )
    )
    console.print(Text(document.page_content))
    console.print()
