"""The base class of every channel, which connects one medium (a websocket, Telegram, a webhook) to the bot.

`docs/extending.md` shows how to write one, and `tests/bot/channels/contract.py` tests the contract on every channel.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from dialogue.conversation import Answer, OutboxMessage, Turn
from dialogue.delivery import ReportProgress, Undeliverable

if TYPE_CHECKING:
    from dialogue.manager import Manager


class Channel(ABC):
    """One medium through which people reach the bot. It gets the manager when the bot starts.

    The contract:

    - **In.** A message becomes an `Utterance` whose `address.channel` is `self.channel` and whose
      `external_id` is the medium's own id of the message, and is passed to `manager.receive`. It is acknowledged
      to the medium only after `receive` has returned (I2). The same id again finds the same turn (I1).
    - **Out.** `render` gives an answer its final form before it is committed. `send` sends exactly that form,
      possibly in another process and much later (I5).
    """

    channel: str
    """The name under which conversations of this channel are stored. Must be unique and never change."""

    @abstractmethod
    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any] | None:
        """The answer to the user's `turn` as JSON that only `send` needs to understand.

        None if there is nothing to send, because the caller that asked shows the answer itself.

        Must be pure and fast: no network, no clock, nothing that could fail after the model has done its work.
        """

    @abstractmethod
    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Send `outgoing.payload` to `outgoing.address`, skipping the first `outgoing.progress` parts.

        Call `await report_progress(parts_sent)` after every part but the last. Raise Postponed to be called again in
        so many seconds, or Undeliverable if no retry can help, for example because the person blocked the bot. Any
        other exception is retried with back-off.
        """

    def router(self, manager: Manager) -> APIRouter:
        """The HTTP and websocket routes on which messages arrive; none by default."""
        return APIRouter()

    async def run(self, manager: Manager) -> None:
        """Fetch messages until cancelled. Does nothing by default, for channels whose messages arrive on routes."""
        await asyncio.Event().wait()


class DirectChannel(Channel):
    """A channel whose callers show the answers themselves, such as the terminal and evaluations. Nothing is sent."""

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def render(self, answer: Answer, turn: Turn) -> None:
        return None

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        raise Undeliverable(f"nothing is sent on {self.channel!r}")
