"""A local Bot API server: Telegram as the tests need it, over real HTTP, with the faults of its bad days.

`BotApi` speaks the methods the channel uses, holds what was sent, and enforces the documented limits.
`Person` and `Room` write to the bot. Knows nothing of Groundtalk.
"""

from tests.botapi.faults import Drop, Fault, Flood, Hang, Migrated, Pass, Refuse
from tests.botapi.floods import Floodgate
from tests.botapi.people import Person, Room
from tests.botapi.server import BotApi

__all__ = [
    "BotApi",
    "Drop",
    "Fault",
    "Flood",
    "Floodgate",
    "Hang",
    "Migrated",
    "Pass",
    "Person",
    "Refuse",
    "Room",
]
