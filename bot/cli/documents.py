"""`groundtalk ingest`: documents into the index, while others search the one before."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.cli.reading import reading_bars
from bot.knowledge import live_collection
from bot.settings import load_settings
from retrieval.ingest import IngestReport

app = typer.Typer()


@app.command()
def ingest(
    path: Annotated[
        Path | None, typer.Argument(help="A folder or a file. Default: KNOWLEDGE_DIR.", exists=True)
    ] = None,
) -> None:
    """Make the index hold what PATH holds now. What has not changed is not read again; what is gone is gone."""
    settings = load_settings()
    collection = asyncio.run(live_collection(settings))
    with reading_bars() as progress:
        report = collection.ingest(path or settings.knowledge_dir, progress)
    _tell(report)


def _tell(report: IngestReport) -> None:
    console = Console(highlight=False)
    console.print(
        f"{report.documents} documents in {report.chunks} chunks, {report.embedded} of them new: "
        f"{report.added} files added, {report.changed} changed, {report.removed} removed."
    )
    for source, reason in report.problems.items():
        console.print(f"[yellow]not read[/]: {source}: {reason}", markup=True)
    if report.skipped:
        console.print(
            f"{len(report.skipped)} files of other kinds were passed over, such as {report.skipped[0]}."
        )
