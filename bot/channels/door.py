"""Who may open a websocket: pages of this or an allowed origin and, where tokens are set, bearers of one.

A program sends `Authorization: Bearer TOKEN`. A browser cannot set headers, so its page offers the
subprotocols `groundtalk` and `token.TOKEN`; unlike a query string, neither is written into access logs.
"""

import secrets
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from starlette.websockets import WebSocket

SUBPROTOCOL = "groundtalk"
BEARER = "bearer "
OFFERED = "token."


class Door:
    """Without `tokens` none is asked for. `origins` are added to the page's own; `*` stands for all."""

    def __init__(self, tokens: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    def welcomes_origin(self, socket: WebSocket) -> bool:
        """Browsers always tell the origin of their page; programs tell none and are judged by their token."""
        origin = socket.headers.get("origin", "").lower()
        if not origin or "*" in self._origins or origin in self._origins:
            return True
        return urlsplit(origin).netloc == socket.headers.get("host", "").lower()

    def knows_bearer(self, socket: WebSocket) -> bool:
        return not self._tokens or any(self._is_known(token) for token in _tokens(socket))

    def _is_known(self, token: str) -> bool:
        """Compared in constant time, so that the time taken tells nothing about a token."""
        return any(secrets.compare_digest(token.encode(), known) for known in self._tokens)


def subprotocol(socket: WebSocket) -> str | None:
    """What the server answers to the offered subprotocols; a token is never echoed."""
    return SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None


def _tokens(socket: WebSocket) -> Iterator[str]:
    authorization = socket.headers.get("authorization", "")
    if authorization.lower().startswith(BEARER):
        yield authorization[len(BEARER) :].strip()
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(OFFERED):
            yield offered[len(OFFERED) :]
