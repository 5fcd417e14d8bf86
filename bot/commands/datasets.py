"""`groundtalk dataset`: builds training datasets from the conversation log and from files, and shows them."""

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
from dialogue.store.store import Store
from finetune.datasets import builder
from finetune.datasets.builder import BuildOptions, build_dataset
from finetune.datasets.dataset import CARD_FILE, EXAMPLE_TYPES, Dataset, all_datasets, find_dataset
from finetune.datasets.storage import row_counts

Import = Annotated[
    list[Path] | None,
    typer.Option(
        "--import", exists=True, help="A file of examples or a BEIR folder, in addition to the log."
    ),
]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only answers from this day (UTC) on.")
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def build(imports: Import = None, since: Since = None) -> None:
    """Build a dataset from the logged conversations with consent, and from imported files."""
    settings = load_settings()
    options = BuildOptions(since=since.replace(tzinfo=UTC) if since else None)
    with _reading() as progress:
        work = _build(settings.database, settings.datasets, options, imports or [], progress)
        dataset = asyncio.run(work)
    _show(dataset)


@app.command("list")
def list_datasets() -> None:
    """List the datasets and how many examples they have."""
    table = Table("dataset", *EXAMPLE_TYPES, box=None, pad_edge=False)
    for dataset in all_datasets(load_settings().datasets):
        told = row_counts(dataset.manifest)
        table.add_row(dataset.id, *(str(sum(told.get(kind, ()))) for kind in EXAMPLE_TYPES))
    Console(highlight=False).print(table)


@app.command()
def show(dataset: Annotated[str, typer.Argument(help="For example d-0123456789ab.")]) -> None:
    """Show a dataset's card: what it contains, and what was left out."""
    _show(find_dataset(load_settings().datasets, dataset))


async def _build(
    url: str, folder: Path, options: BuildOptions, imports: Sequence[Path], progress: builder.BuildProgress
) -> Dataset:
    async with await Store.open(url) as store:
        return await build_dataset(store.database, folder, options, imports, progress)


@contextmanager
def _reading() -> Iterator[builder.BuildProgress]:
    """A line for each kind of thing that is read; the totals are not known in advance."""
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
    console.print(Markdown((dataset.folder / CARD_FILE).read_text(encoding="utf-8")))
    console.print(f"\n{dataset.folder}", soft_wrap=True)
