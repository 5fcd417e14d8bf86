"""The HTTP server: takes an address early, then serves an application there until it is stopped."""

import socket

import uvicorn
from fastapi import FastAPI
from rich.console import Console

from bot.errors import SettingsError

LARGEST_FRAME = 1 << 20
"""Bytes of a websocket frame that are taken in at all; the channel refuses much smaller ones, politely."""
SHUTDOWN_TIMEOUT = 5
"""Seconds that open connections have to end when the server stops."""


async def run_server(app: FastAPI, listener: socket.socket) -> None:
    """Serve `app` on an address that `bind` took, until SIGINT or SIGTERM, or until cancelled."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=LARGEST_FRAME,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    host, port = listener.getsockname()[:2]
    Console(stderr=True).print(f"{app.title} is at http://{host}:{port}", highlight=False)
    with listener:
        await uvicorn.Server(config).serve(sockets=[listener])


def bind(host: str, port: int) -> socket.socket:
    """Take an address before models are loaded, so that a busy port is found out at once.

    It does not listen yet: whoever connects too early is refused rather than kept waiting. Raises SettingsError.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise SettingsError(f"{host}:{port} cannot be used: {error.strerror}. Set HOST or PORT.") from None
    return listener
