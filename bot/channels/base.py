"""The small base of every channel: how people's words come in, and how answers go out.

A channel knows one medium (a websocket, Telegram, a webhook) and nothing of models, prompts or the database.
What it must do is written here; `tests/bot/channels/contract.py` checks it on every channel.
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
    """One medium on which people reach the bot. Made without a manager; it gets one when the bot starts.

    The contract:

    - **In.** A message becomes an `Utterance` whose `address.channel` is `self.channel` and whose
      `external_id` is the medium's own id of that message, and goes to `manager.receive`. The medium is told
      that it arrived only after `receive` returned (I2); the same id again is the same turn (I1).
    - **Out.** `render` gives an answer its final form before it is committed; `send` sends that form and
      nothing else, possibly in another process and long after (I5).
    """

    channel: str
    """The name under which conversations of this medium are stored; never changes, never shared."""

    @abstractmethod
    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any] | None:
        """The answer to the user's `turn` as this medium will show it: JSON that `send` alone understands.

        None where whoever asked shows the answer, so that there is nothing to send.

        Pure and quick: no network, no clock, nothing that could fail after the model has done its work.
        """

    @abstractmethod
    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Send `outgoing.payload` to `outgoing.address`, skipping the first `outgoing.progress` parts.

        After each part but the last, `await report_progress(parts so far)`. Raises Postponed (try again in so many
        seconds) or Undeliverable (never: the person blocked the bot); any other exception is retried with
        back-off.
        """

    def router(self, manager: Manager) -> APIRouter:
        """The HTTP and websocket routes by which this medium comes in; none unless overridden."""
        return APIRouter()

    async def run(self, manager: Manager) -> None:
        """Fetch what people say, until cancelled. A medium that comes in by routes has nothing to fetch."""
        await asyncio.Event().wait()


class DirectChannel(Channel):
    """A channel whose answers are shown by whoever asked, so that its outbox has nothing to deliver.

    The terminal is one, an evaluation another. Any process can answer what was asked there.
    """

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def render(self, answer: Answer, turn: Turn) -> None:
        return None

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        raise Undeliverable(f"nothing is sent on {self.channel!r}")
