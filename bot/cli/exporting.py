"""`groundtalk export`: every conversation with its turns as one JSON object a line."""

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
from dialogue.store import Store

PAGE = 200

app = typer.Typer()


@app.command()
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
                row = await _row(store, conversation)
                out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
                bars.advance(task)


async def _conversations(store: Store) -> AsyncIterator[Conversation]:
    after = ""
    while page := await store.walk(PAGE, after):
        for conversation in page:
            yield conversation
        after = page[-1].id


async def _row(store: Store, conversation: Conversation) -> dict[str, Any]:
    turns: list[Turn] = []
    while page := await store.turns(conversation.id, turns[-1].number if turns else 0, PAGE):
        turns += page
    return asdict(conversation) | {"turns": [asdict(turn) for turn in turns]}
