"""`groundtalk serve`: everything set up that is not, then the bot on HOST:PORT until it is stopped."""

import asyncio
import socket
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from bot.assembly import open_runtime
from bot.commands.progress import ingest_bars
from bot.errors import SettingsError
from bot.http.app import build_app
from bot.logs import set_up_logs
from bot.settings import Settings, load_settings

LARGEST_FRAME = 1 << 20
"""Bytes of a websocket frame that are taken in at all; the channel refuses much smaller ones, politely."""
SHUTDOWN_TIMEOUT = 5
"""Seconds that open connections have to end when the server stops."""

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
    subscription = _bind(settings.host, settings.port)
    with ingest_bars() as progress:
        bot = await open_runtime(settings, progress)
    config = uvicorn.Config(
        build_app(bot),
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=LARGEST_FRAME,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    host, port = subscription.getsockname()[:2]
    Console(stderr=True).print(f"{bot.voice.name} is at http://{host}:{port}", highlight=False)
    await uvicorn.Server(config).serve(sockets=[subscription])


def _bind(host: str, port: int) -> socket.socket:
    """The address taken before models are loaded, so that a busy port is found out at once.

    It does not listen yet: whoever connects too early is refused rather than kept waiting.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    subscription = socket.socket(family, kind, protocol)
    subscription.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        subscription.bind(address)
    except OSError as error:
        subscription.close()
        raise SettingsError(f"{host}:{port} cannot be used: {error.strerror}. Set HOST or PORT.") from None
    return subscription
