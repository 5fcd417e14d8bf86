"""`groundtalk db`, `export` and `forget`: the database, its conversations in a file, and erasing a person."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from bot.settings import load_settings
from dialogue.conversation import Conversation, Turn
from dialogue.store.store import Store
from finetune.forgetting import Eraser, ErasureReport
from finetune.migrations import upgrade

database_app = typer.Typer(no_args_is_help=True)


@database_app.callback()
def database() -> None:
    """The database that DATABASE_URL names."""


@database_app.command("upgrade")
def upgrade_tables() -> None:
    """Create the tables, or upgrade those of an earlier version. No data is lost."""
    revision = asyncio.run(upgrade(load_settings().database))
    Console().print(f"The database is at revision {revision}.", highlight=False)


PAGE = 200

export_app = typer.Typer()


@export_app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="Default: standard output.", dir_okay=False)] = None,
) -> None:
    """Write all conversations with their turns, one JSON object a line."""
    with ExitStack() as stack:
        out = stack.enter_context(file.open("w", encoding="utf-8")) if file else sys.stdout
        asyncio.run(_export(out))


async def _export(out: TextIO) -> None:
    bars = Progress(
        SpinnerColumn(), TextColumn("{task.completed} conversations"), console=Console(stderr=True)
    )
    async with await Store.open(load_settings().database) as store:
        with bars:
            task = bars.add_task("", total=None)
            async for conversation in _conversations(store):
                row = await _conversation_json(store, conversation)
                out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
                bars.advance(task)


async def _conversations(store: Store) -> AsyncIterator[Conversation]:
    after = ""
    while page := await store.conversations.walk(PAGE, after):
        for conversation in page:
            yield conversation
        after = page[-1].id


async def _conversation_json(store: Store, conversation: Conversation) -> dict[str, Any]:
    turns: list[Turn] = []
    while page := await store.turns.after(conversation.id, turns[-1].number if turns else 0, PAGE):
        turns += page
    return asdict(conversation) | {"turns": [asdict(turn) for turn in turns]}


forget_app = typer.Typer()


@forget_app.command()
def forget(
    channel: Annotated[str, typer.Argument(help="Such as websocket, telegram or terminal.")],
    account: Annotated[str | None, typer.Option(help="A chat with all its conversations.")] = None,
    author: Annotated[str | None, typer.Option(help="One person's words, in whichever chat.")] = None,
) -> None:
    """Erase a person's words, the answers to them, their ratings, and examples made of them.

    `export` shows accounts and authors.
    """
    if account is None and author is None:
        raise typer.BadParameter("give --account, --author, or both")
    erasure = asyncio.run(_forget(channel, account, author))
    console = Console(highlight=False)
    console.print("Erased: " + ", ".join(f"{count} {kind}" for kind, count in erasure.counts.items()))
    if erasure.datasets:
        console.print(f"{erasure.examples} examples were removed from {', '.join(erasure.datasets)}")
    if erasure.releases:
        console.print(f"These releases answered this person: {', '.join(erasure.releases)}")
    if erasure.learnt:
        learnt = ", ".join(erasure.learnt)
        console.print(
            f"[yellow]These releases were trained on this person's words[/]: {learnt}. Roll back, or train again."
        )


async def _forget(channel: str, account: str | None, author: str | None) -> ErasureReport:
    settings = load_settings()
    async with await Store.open(settings.database) as store:
        return await Eraser(store, settings.datasets, settings.reports).forget(channel, account, author)
