"""What goes wrong between a bot and Telegram, one value a kind. It strikes one call of one method."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from tests.botapi.wire import Cut, Response

Act = Callable[[], Awaitable[Response]]


class Fault(Protocol):
    async def strike(self, act: Act) -> Response:
        """The response in place of `act`'s; may act first, or never."""


def refusal(code: int, description: str, **parameters: int) -> Response:
    body = {"ok": False, "error_code": code, "description": description}
    return code, body | ({"parameters": parameters} if parameters else {})


@dataclass(frozen=True, slots=True)
class Refuse:
    """An error response, the method not done."""

    code: int
    description: str

    async def strike(self, act: Act) -> Response:
        return refusal(self.code, self.description)


@dataclass(frozen=True, slots=True)
class Pass:
    """No trouble this time."""

    async def strike(self, act: Act) -> Response:
        return await act()


@dataclass(frozen=True, slots=True)
class Migrated:
    """The group became a supergroup with another id."""

    chat: int

    async def strike(self, act: Act) -> Response:
        description = "Bad Request: group chat was upgraded to a supergroup chat"
        return refusal(400, description, migrate_to_chat_id=self.chat)


@dataclass(frozen=True, slots=True)
class Flood:
    """429: come back after `seconds`."""

    seconds: int

    async def strike(self, act: Act) -> Response:
        return refusal(429, f"Too Many Requests: retry after {self.seconds}", retry_after=self.seconds)


@dataclass(frozen=True, slots=True)
class Hang:
    """No response, ever; the method is not done."""

    async def strike(self, act: Act) -> Response:
        await asyncio.Event().wait()
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is cut: after the method was done, or before."""

    done: bool = True

    async def strike(self, act: Act) -> Response:
        if self.done:
            await act()
        raise Cut
