"""`groundtalk dataset`: examples to learn from, made of what was logged and of files."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from bot.settings import load_settings
from dialogue.store import Store
from finetune.datasets import building
from finetune.datasets.building import BuildOptions, build_dataset
from finetune.datasets.card import counts
from finetune.datasets.dataset import CARD, FORMS, Dataset, datasets_in, find_dataset

Import = Annotated[
    list[Path] | None,
    typer.Option("--import", exists=True, help="A file of examples or a BEIR folder, beside the log."),
]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was answered from this day (UTC) on.")
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def build(imports: Import = None, since: Since = None) -> None:
    """Make a dataset of the logged conversations with consent, and of imported files."""
    settings = load_settings()
    options = BuildOptions(since=since.replace(tzinfo=UTC) if since else None)
    with _reading() as progress:
        work = _build(settings.database, settings.datasets, options, imports or [], progress)
        dataset = asyncio.run(work)
    _show(dataset)


@app.command("list")
def list_datasets() -> None:
    """Show the datasets, with how many examples they have."""
    table = Table("dataset", *FORMS, box=None, pad_edge=False)
    for dataset in datasets_in(load_settings().datasets):
        told = counts(dataset.manifest)
        table.add_row(dataset.id, *(str(sum(told.get(kind, ()))) for kind in FORMS))
    Console(highlight=False).print(table)


@app.command()
def show(dataset: Annotated[str, typer.Argument(help="Such as d-0123456789ab.")]) -> None:
    """Show a dataset's card: what is in it, and what was left out."""
    _show(find_dataset(load_settings().datasets, dataset))


async def _build(
    url: str, folder: Path, options: BuildOptions, imports: Sequence[Path], progress: building.Progress
) -> Dataset:
    async with await Store.open(url) as store:
        return await build_dataset(store.database, folder, options, imports, progress)


@contextmanager
def _reading() -> Iterator[building.Progress]:
    """A line for each kind of thing that is read; how many there are is not known before."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} {task.description}"))
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def report(stage: str, done: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done)

        yield report


def _show(dataset: Dataset) -> None:
    console = Console(highlight=False)
    console.print(Markdown((dataset.folder / CARD).read_text(encoding="utf-8")))
    console.print(f"\n{dataset.folder}", soft_wrap=True)
