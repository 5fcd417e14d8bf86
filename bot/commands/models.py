"""`groundtalk models`: lists the weights of the catalog and downloads them."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.configuration import configure, load_configured
from bot.models.catalog import CatalogEntry
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_models() -> None:
    """List the weights of the catalog. Settings also take a path or a hub id (owner/name)."""
    settings = configure(load_settings(), first_start=False).settings
    weights = _weights(settings)
    table = Table("name", "for", "size", "here", box=None, pad_edge=False)
    for entry in weights.catalog.values():
        mark = " [bold]*[/]" if entry.name in settings.local_weights() else ""
        here = "yes" if weights.is_cached(entry) else "no"
        table.add_row(f"[bold]{entry.name}[/]{mark}", entry.role, _size(entry), here)
        table.add_row(f"  [dim]{entry.about}; {entry.licence}[/]")
    console = Console(highlight=False)
    console.print(table)
    console.print("\n[bold]*[/] used here: set, or chosen for this machine")


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Default: those the settings name.")] = None,
) -> None:
    """Download weights into the cache and verify them; those already there are skipped."""
    settings = load_settings() if names else load_configured()
    weights = _weights(settings)
    for name in names or settings.local_weights():
        weights.locate(name)


def _weights(settings: Settings) -> Weights:
    return Weights(settings.weights_dir, Hub(settings.hf_endpoint))


def _size(entry: CatalogEntry) -> str:
    return f"{entry.size / 10**6:,.0f} MB" if entry.files else "installed"
