"""The files of the chat page and the voice it speaks with, under a strict content security policy.

Serves a fixed list of files, read once. Knows nothing of conversations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi import Path as PathParameter

from bot.channels.websocket.connection import CHANNEL
from bot.channels.websocket.protocol import LAST_TURN, turn_json
from dialogue.errors import UnknownConversation
from dialogue.store.store import Store
from dialogue.voice import Voice, Wording

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the page. Browsers keep it and ask by its tag whether it is still the same."""

    content: bytes
    kind: str
    tag: str

    @classmethod
    def read(cls, path: Path) -> "Asset":
        content = path.read_bytes()
        return cls(content, KINDS[path.suffix], f'"{sha256(content).hexdigest()[:20]}"')

    def response(self, request: Request) -> Response:
        headers = {**PAGE_HEADERS, "ETag": self.tag}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.kind, headers=headers)


def page_router(voice: Voice) -> APIRouter:
    """`/` the page, `/web/...` its files, `/voice` the bot's name and sentences in every language."""
    routes = APIRouter(include_in_schema=False)
    assets = {path.name: Asset.read(path) for path in FOLDER.iterdir() if path.suffix in KINDS}
    spoken = _voice_json(voice)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return assets["index.html"].response(request)

    @routes.get("/web/{name}")
    async def asset(name: str, request: Request) -> Response:
        found = assets.get(name)
        return found.response(request) if found else Response(status_code=404)

    @routes.get("/voice")
    async def speech() -> Mapping[str, object]:
        return spoken

    return routes


def _voice_json(voice: Voice) -> Mapping[str, object]:
    return {
        "name": voice.name,
        "default_language": voice.default_language,
        "wordings": {
            language: _sentences(voice.name, wording) for language, wording in voice.wordings.items()
        },
    }


def _sentences(name: str, wording: Wording) -> Mapping[str, str]:
    """The sentences that the page says itself."""
    said = {
        "greeting": wording.greeting,
        "new_conversation": wording.new_conversation,
        "sources": wording.sources,
        "thanks": wording.thanks,
        "consent": wording.consent,
        "ask_consent": wording.ask_consent,
    }
    return {key: sentence.replace("{name}", name) for key, sentence in said.items()}


PRIVATE = {"Cache-Control": "private, max-age=3600", "Referrer-Policy": "no-referrer"}
NOT_CACHED = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
PAGE_TURNS = 100

Name = Annotated[str, PathParameter(max_length=128, pattern=r"^[^\x00]+$")]
Before = Annotated[int, Query(ge=1, le=LAST_TURN)]
Limit = Annotated[int, Query(ge=1, le=PAGE_TURNS)]


def reading_router(store: Store) -> APIRouter:
    """`/passages/{conversation}/{chunk}` and `/conversations/{conversation}/turns`."""
    routes = APIRouter(tags=["chat"])

    @routes.get("/passages/{conversation}/{chunk}")
    async def passage(conversation: Name, chunk: Name, response: Response) -> dict[str, str]:
        """A passage as this conversation was shown it, also when the documents have changed since."""
        await _check(store, conversation)
        found = await store.turns.passage(conversation, chunk)
        if found is None:
            raise HTTPException(404, "This conversation was shown no such passage.")
        response.headers.update(PRIVATE)
        return {"chunk": found.chunk, "title": found.title, "source": found.source, "text": found.text}

    @routes.get("/conversations/{conversation}/turns")
    async def turns(
        conversation: Name, before: Before, response: Response, limit: Limit = PAGE_TURNS
    ) -> dict[str, Any]:
        """The `limit` turns numbered just below `before`, oldest first, in the form of the frame `ready`."""
        await _check(store, conversation)
        first = max(0, before - 1 - limit)
        found = await store.turns.after(conversation, first, limit)
        response.headers.update(NOT_CACHED)
        return {"turns": [turn_json(turn) for turn in found if turn.number < before]}

    return routes


async def _check(store: Store, conversation: str) -> None:
    """Conversations of other channels do not exist here."""
    try:
        known = await store.conversations.get(conversation)
    except UnknownConversation as error:
        raise HTTPException(404, str(error)) from None
    if known.address.channel != CHANNEL:
        raise HTTPException(404, str(UnknownConversation(conversation)))
