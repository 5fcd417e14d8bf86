"""`groundtalk releases`: lists releases and changes which of them are live, also under a running server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from bot.settings import load_settings
from dialogue.store.store import Store
from finetune.release import TASKS, ActiveModels, Release
from finetune.releases import Releases

DEFAULT = "by default"
"""Shown for a task that no promotion has changed."""

Result = TypeVar("Result")
Reason = Annotated[str, typer.Option(help="Stored with the promotion.")]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_releases() -> None:
    """List all releases, the newest first, and which of them serve which task."""
    releases, live = _asked(lambda known: _both(known.list(), known.live()))
    table = Table("release", "tasks", "base", "dataset", "gate", "made", box=None, pad_edge=False)
    for release in releases:
        mark = " [bold]*[/]" if release.id in live.releases else ""
        made = f"{release.created_at:%Y-%m-%d %H:%M}"
        verdict = str((release.decision or {}).get("verdict", "-"))
        table.add_row(
            f"[bold]{release.id}[/]{mark}",
            ", ".join(release.tasks),
            release.base,
            release.dataset or "-",
            verdict,
            made,
        )
    console = _console()
    if releases:
        console.print(table)
        console.print("\n[bold]*[/] live")
    _tell(console, live)


@app.command()
def show(release: str) -> None:
    """Show a release's origin, measures, gate decision and files."""
    shown = _asked(lambda known: known.get(release))
    console = _console()
    console.print(f"[bold]{shown.id}[/] for {', '.join(shown.tasks)}, on {shown.base}")
    made = f"made {shown.created_at:%Y-%m-%d %H:%M}"
    console.print(f"{made}, parent {shown.parent or '-'}, dataset {shown.dataset or '-'}")
    for title, values in (("measures", shown.metrics), ("decision", shown.decision or {})):
        _list(console, title, values)
    _list(console, "files", {name: f"{file.size:,} bytes" for name, file in shown.files.items()})


@app.command()
def promote(
    release: Annotated[str, typer.Argument(help="An id from `releases list`, or base, or shipped.")],
    reason: Reason = "by hand",
) -> None:
    """Make RELEASE live for its tasks. Running servers switch to it within seconds, between two turns."""
    _tell(_console(), _asked(lambda known: known.promote(release, reason)))


@app.command()
def rollback(reason: Reason = "by hand") -> None:
    """Undo the last promotion."""
    _tell(_console(), _asked(lambda known: known.rollback(reason)))


def _asked(work: Callable[[Releases], Awaitable[Result]]) -> Result:
    async def ask() -> Result:
        async with await Store.open(load_settings().database) as store:
            return await work(Releases(store.database))

    return asyncio.run(ask())


async def _both(
    releases: Awaitable[Any], live: Awaitable[ActiveModels]
) -> tuple[list[Release], ActiveModels]:
    return list(await releases), await live


def _tell(console: Console, live: ActiveModels) -> None:
    names = ", ".join(f"{task}: [bold]{live.names.get(task, DEFAULT)}[/]" for task in TASKS)
    since = f" (promotion {live.number}, {live.since:%Y-%m-%d %H:%M}; {live.reason})" if live.since else ""
    console.print(f"live: {names}{since}")


def _list(console: Console, title: str, values: Mapping[str, Any]) -> None:
    if values:
        console.print(f"\n[bold]{title}[/]")
    for name, value in values.items():
        console.print(f"  {name}: {value}", markup=False)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
