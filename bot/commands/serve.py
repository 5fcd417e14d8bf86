"""`groundtalk serve`: sets up what is missing, then serves the bot on HOST:PORT until it is stopped."""

import asyncio
from typing import Annotated

import typer

from bot.assembly import open_runtime
from bot.commands.progress import ingest_bars
from bot.http.app import build_app
from bot.http.server import bind, run_server
from bot.logs import set_up_logs
from bot.settings import Settings, load_settings

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Default: HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: PORT.", min=0, max=65535)] = None,
) -> None:
    """Serve the web page, the websocket, Telegram and the operators' API; settings come from .env."""
    given = {"host": host, "port": port}
    settings = load_settings(**{key: value for key, value in given.items() if value is not None})
    set_up_logs(settings)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    listener = bind(settings.host, settings.port)
    with ingest_bars() as progress:
        bot = await open_runtime(settings, progress, answer_early=True)
        await run_server(build_app(bot), listener)
