"""What a client reads over HTTP beside the websocket: earlier turns, and the passages behind answers.

The conversation's unguessable id is the key; whoever knows it may read, as on the websocket.
"""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response

from bot.channels.frames import LAST_TURN, turn_json
from bot.channels.visitor import CHANNEL
from dialogue.errors import UnknownConversation
from dialogue.store import Store

PRIVATE = {"Cache-Control": "private, max-age=3600", "Referrer-Policy": "no-referrer"}
NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
PAGE = 100

Name = Annotated[str, Path(max_length=128, pattern=r"^[^\x00]+$")]
Before = Annotated[int, Query(ge=1, le=LAST_TURN)]
Limit = Annotated[int, Query(ge=1, le=PAGE)]


def router(store: Store) -> APIRouter:
    """`/passages/{conversation}/{chunk}` and `/conversations/{conversation}/turns`."""
    routes = APIRouter(tags=["chat"])

    @routes.get("/passages/{conversation}/{chunk}")
    async def passage(conversation: Name, chunk: Name, response: Response) -> dict[str, str]:
        """A passage as this conversation was shown it, also when the documents have changed since."""
        await _check(store, conversation)
        found = await store.passage(conversation, chunk)
        if found is None:
            raise HTTPException(404, "This conversation was shown no such passage.")
        response.headers.update(PRIVATE)
        return {"chunk": found.chunk, "title": found.title, "source": found.source, "text": found.text}

    @routes.get("/conversations/{conversation}/turns")
    async def turns(
        conversation: Name, before: Before, response: Response, limit: Limit = PAGE
    ) -> dict[str, Any]:
        """The `limit` turns numbered just below `before`, oldest first, in the form of the frame `ready`."""
        await _check(store, conversation)
        first = max(0, before - 1 - limit)
        found = await store.turns(conversation, first, limit)
        response.headers.update(NO_STORE)
        return {"turns": [turn_json(turn) for turn in found if turn.number < before]}

    return routes


async def _check(store: Store, conversation: str) -> None:
    """Conversations of other channels do not exist here."""
    try:
        known = await store.conversation(conversation)
    except UnknownConversation as error:
        raise HTTPException(404, str(error)) from None
    if known.address.channel != CHANNEL:
        raise HTTPException(404, str(UnknownConversation(conversation)))
