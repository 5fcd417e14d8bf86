"""`groundtalk chat`: a conversation in this terminal, through the same manager as on every other channel."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.prompt import Confirm

from bot.assembly import Runtime, open_runtime
from bot.channels.terminal import TerminalSession
from bot.commands.progress import ingest_bars
from bot.settings import load_settings

app = typer.Typer()


@app.command()
def chat(
    language: Annotated[
        str | None, typer.Option(help="Such as en or zh. Default: each message decides.")
    ] = None,
) -> None:
    """Talk to the bot here. Ctrl-C stops an answer; /new, /consent, /forget, /help and /quit do what they say."""
    settings = load_settings()
    with asyncio.Runner() as runner:
        with ingest_bars() as progress:
            bot = runner.run(open_runtime(settings, progress))
        try:
            _converse(runner, bot, language)
        finally:
            runner.run(bot.close())


def _converse(runner: asyncio.Runner, bot: Runtime, language: str | None) -> None:
    """The event loop rests while the person types: nothing else is done in this process."""
    console = Console(highlight=False, soft_wrap=True)
    talk = TerminalSession(bot.manager, bot.voice, console, language)
    console.print(talk.wording.greeting, style="bold")
    for said in _lines(console):
        match said:
            case "/new":
                runner.run(talk.new())
            case "/consent":
                asks = bot.manager.asks_consent
                given = asks and Confirm.ask(talk.wording.ask_consent, console=console)
                runner.run(talk.consent(given))
            case "/forget":
                if Confirm.ask(talk.wording.confirm_forget, console=console):
                    runner.run(talk.forget())
            case "/help":
                console.print(talk.wording.help)
            case _:
                runner.run(talk.ask(said))


def _lines(console: Console) -> Iterator[str]:
    """What the person types, until /quit, Ctrl-D, or Ctrl-C on an empty line."""
    while True:
        try:
            said = console.input("[bold cyan]>[/] ").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if said == "/quit":
            return
        if said:
            yield said
