"""`groundtalk models`: which weights have a name, which are on this machine, and how to get the others."""

from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bot.catalogue import Entry
from bot.hub import Hub
from bot.settings import Settings, load_settings
from bot.weights import Weights

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_models() -> None:
    """Show the weights that have a name. A path or a hub id (owner/name) may stand in its place."""
    settings = load_settings()
    weights = _weights(settings)
    table = Table("name", "for", "size", "here", "about", box=SIMPLE)
    table.columns[0].no_wrap = True
    for entry in weights.catalogue.values():
        here = "yes" if weights.held(entry) else "no"
        about = f"{entry.about}; {entry.licence}"
        table.add_row(_marked(entry, settings), entry.role, _size(entry), here, about)
    Console().print(table)
    Console().print("[bold]*[/] set in ENCODER and GENERATOR", highlight=False)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Default: those the settings name.")] = None,
) -> None:
    """Download weights into the cache, verified; quick for those that are there."""
    settings = load_settings()
    weights = _weights(settings)
    for name in names or settings.weights:
        weights.locate(name)


def _weights(settings: Settings) -> Weights:
    return Weights(settings.weights_dir, Hub(settings.hf_endpoint))


def _marked(entry: Entry, settings: Settings) -> str:
    return f"[bold]{entry.name}[/] *" if entry.name in settings.weights else entry.name


def _size(entry: Entry) -> str:
    return f"{entry.size / 10**6:,.0f} MB" if entry.files else "installed"
