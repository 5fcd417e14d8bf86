"""`groundtalk db`: the tables of this version."""

import asyncio

import typer
from rich.console import Console

from bot.settings import load_settings
from dialogue.migrations import upgrade

app = typer.Typer(no_args_is_help=True)


@app.callback()
def database() -> None:
    """The database that DATABASE_URL names."""


@app.command("upgrade")
def upgrade_tables() -> None:
    """Create the tables, or bring those of an earlier version up to date. Nothing is lost."""
    revision = asyncio.run(upgrade(load_settings().database))
    Console().print(f"The database is at revision {revision}.", highlight=False)
