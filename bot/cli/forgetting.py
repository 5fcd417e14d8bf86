"""`groundtalk forget`: erases a person for good (docs/conversation-state.md, I7)."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from bot.settings import load_settings
from dialogue.erasure import Erasure
from dialogue.store import Store

app = typer.Typer()


@app.command()
def forget(
    channel: Annotated[str, typer.Argument(help="Such as websocket, telegram or terminal.")],
    account: Annotated[str | None, typer.Option(help="A chat with all its conversations.")] = None,
    author: Annotated[str | None, typer.Option(help="One person's words, in whichever chat.")] = None,
) -> None:
    """Erase a person's words, the answers to them, and their ratings. `export` shows accounts and authors."""
    if account is None and author is None:
        raise typer.BadParameter("give --account, --author, or both")
    erasure = asyncio.run(_forget(channel, account, author))
    console = Console(highlight=False)
    console.print("Erased: " + ", ".join(f"{count} {kind}" for kind, count in erasure.counts.items()))
    if erasure.releases:
        console.print(f"These releases answered this person: {', '.join(erasure.releases)}")


async def _forget(channel: str, account: str | None, author: str | None) -> Erasure:
    async with await Store.open(load_settings().database) as store:
        return await store.forget(channel, account, author)
