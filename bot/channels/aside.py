"""A channel whose answers are shown by whoever asked: its outbox has nothing to deliver.

The terminal is one, an evaluation another. Any process can answer what was asked there, also when the one that
asked is gone.
"""

from collections.abc import Mapping
from typing import Any

from bot.channels.base import Channel
from dialogue.conversation import Answer, Parcel, Turn
from dialogue.outbox import Arrived, Postponed

AN_HOUR = 3600.0


class AsideChannel(Channel):
    def __init__(self, channel: str) -> None:
        self.channel = channel

    def compose(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        return {"text": answer.text}

    async def deliver(self, parcel: Parcel, arrived: Arrived) -> None:
        raise Postponed(AN_HOUR, f"whoever asked on {self.channel!r} shows the answer")
