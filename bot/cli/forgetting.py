"""`groundtalk forget`: erases a person for good (docs/conversation-state.md, I7)."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from bot.settings import load_settings
from dialogue.store import Store
from finetune.forgetting import Eraser, Oblivion

app = typer.Typer()


@app.command()
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
        console.print(f"{erasure.examples} examples are gone from {', '.join(erasure.datasets)}")
    if erasure.releases:
        console.print(f"These releases answered this person: {', '.join(erasure.releases)}")
    if erasure.learnt:
        learnt = ", ".join(erasure.learnt)
        console.print(f"[yellow]These releases learnt their words[/]: {learnt}. Roll back, or train anew.")


async def _forget(channel: str, account: str | None, author: str | None) -> Oblivion:
    settings = load_settings()
    async with await Store.open(settings.database) as store:
        return await Eraser(store, settings.datasets, settings.reports).forget(channel, account, author)
