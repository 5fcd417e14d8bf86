"""The chats of one bot and the updates that wait for it, confirmed by offset as Telegram does."""

import asyncio
from collections import defaultdict
from typing import Any

from tests.botapi.messages import Refused
from tests.botapi.people import Json, Person, Room, entities

NOON = 1_763_640_000
"""Every message's date, in seconds since 1970."""


class Inbox:
    """Rooms, their messages, and the queue of updates. An update stays until a poll's offset passes it."""

    def __init__(self, me: Json) -> None:
        self.rooms: dict[int, Room] = {}
        self.messages: defaultdict[int, dict[int, Json]] = defaultdict(dict)
        self.updates: list[Json] = []
        self.presses: set[str] = set()
        self._me = me
        self._last_message = 0
        self._last_update = 1_000
        self._poll = 0

    def say(self, person: Person, text: str, room: Room | None = None, **extra: Any) -> Json:
        """A text message; `reply_to` may be a message, other extras are fields of the message."""
        return self.send(person, room, text=text, entities=entities(text), **extra)

    def send(self, person: Person, room: Room | None = None, **content: Any) -> Json:
        """Any message: a photo, a sticker, a text. Returns the message; its update waits in the queue."""
        room = room or person.room
        if reply := content.pop("reply_to", None):
            content["reply_to_message"] = {k: v for k, v in reply.items() if k != "reply_to_message"}
        message = self.keep(room, person.json, {k: v for k, v in content.items() if v})
        self.queue({"message": message})
        return message

    def edit(self, message: Json, text: str | None = None) -> None:
        """A person changes the text of their message, or something else about it."""
        change = {} if text is None else {"text": text, "entities": entities(text)}
        edited = message | change | {"edit_date": NOON + 1}
        self.messages[message["chat"]["id"]][message["message_id"]] = edited
        self.queue({"edited_message": edited})

    def press(self, person: Person, message: Json, data: str) -> Json:
        """A press of an inline button under the bot's message."""
        query = f"{len(self.presses) + 1}"
        self.presses.add(query)
        press = {"id": query, "from": person.json, "message": message, "chat_instance": "1", "data": data}
        self.queue({"callback_query": press})
        return press

    def queue(self, content: Json) -> None:
        """Puts an update into the queue under the next number."""
        self._last_update += 1
        self.updates.append({"update_id": self._last_update} | content)

    def keep(self, room: Room, sender: Json, content: Json) -> Json:
        """Stores a message in its chat under the next id."""
        self._last_message += 1
        self.rooms[room.id] = room
        head = {"message_id": self._last_message, "date": NOON, "chat": room.json, "from": sender}
        message = head | content
        self.messages[room.id][self._last_message] = message
        return message

    async def poll(self, offset: int, limit: int, seconds: float) -> list[Json]:
        """Long polling: a newer poll ends an older one with 409; without updates it ends after `seconds`."""
        self._poll += 1
        mine = self._poll
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        end = asyncio.get_running_loop().time() + seconds
        while not self.updates and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.005)
            if mine != self._poll:
                raise Refused(409, "Conflict: terminated by other getUpdates request")
        return self.updates[:limit]
