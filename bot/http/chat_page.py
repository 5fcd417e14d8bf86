"""The web chat: its files under a strict content security policy, its texts, and what it reads over HTTP.

The conversation itself runs over the websocket; earlier turns and whole passages are read here.
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

STATIC_FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
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
    """A static file, read once. Browsers cache it and revalidate it by its ETag."""

    content: bytes
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> "Asset":
        content = path.read_bytes()
        return cls(content, MEDIA_TYPES[path.suffix], f'"{sha256(content).hexdigest()[:20]}"')

    def response(self, request: Request) -> Response:
        headers = {**PAGE_HEADERS, "ETag": self.etag}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)


def page_router(voice: Voice) -> APIRouter:
    """`/`: the page; `/web/...`: its files; `/voice`: the bot's name and sentences in every language."""
    routes = APIRouter(include_in_schema=False)
    assets = {path.name: Asset.read(path) for path in STATIC_FOLDER.iterdir() if path.suffix in MEDIA_TYPES}
    body = _voice_json(voice)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return assets["index.html"].response(request)

    @routes.get("/web/{name}")
    async def asset(name: str, request: Request) -> Response:
        found = assets.get(name)
        return found.response(request) if found else Response(status_code=404)

    @routes.get("/voice")
    async def voice_json() -> Mapping[str, object]:
        return body

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
    """The sentences that the page shows itself."""
    sentences = {
        "greeting": wording.greeting,
        "new_conversation": wording.new_conversation,
        "found": wording.found,
        "sources": wording.sources,
        "thanks": wording.thanks,
        "consent": wording.consent,
        "ask_consent": wording.ask_consent,
    }
    return {key: sentence.replace("{name}", name) for key, sentence in sentences.items()}


PRIVATE_CACHE = {"Cache-Control": "private, max-age=3600", "Referrer-Policy": "no-referrer"}
NO_CACHE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
MAX_TURNS = 100

Name = Annotated[str, PathParameter(max_length=128, pattern=r"^[^\x00]+$")]
Before = Annotated[int, Query(ge=1, le=LAST_TURN)]
Limit = Annotated[int, Query(ge=1, le=MAX_TURNS)]


def history_router(store: Store) -> APIRouter:
    """`/passages/{conversation}/{chunk}` and `/conversations/{conversation}/turns`."""
    routes = APIRouter(tags=["chat"])

    @routes.get("/passages/{conversation}/{chunk}")
    async def passage(conversation: Name, chunk: Name, response: Response) -> dict[str, str]:
        """A passage as it was shown in this conversation, even if the documents have changed since."""
        await _require_conversation(store, conversation)
        found = await store.turns.passage(conversation, chunk)
        if found is None:
            raise HTTPException(404, "This passage was not shown in this conversation.")
        response.headers.update(PRIVATE_CACHE)
        return {"chunk": found.chunk, "title": found.title, "source": found.source, "text": found.text}

    @routes.get("/conversations/{conversation}/turns")
    async def turns(
        conversation: Name, before: Before, response: Response, limit: Limit = MAX_TURNS
    ) -> dict[str, Any]:
        """Up to `limit` turns just before turn `before`, oldest first, in the form of the `ready` frame."""
        await _require_conversation(store, conversation)
        first = max(0, before - 1 - limit)
        found = await store.turns.after(conversation, first, limit)
        response.headers.update(NO_CACHE)
        return {"turns": [turn_json(turn) for turn in found if turn.number < before]}

    return routes


async def _require_conversation(store: Store, conversation: str) -> None:
    """Raises HTTPException 404 for unknown conversations, and for those of other channels."""
    try:
        known = await store.conversations.get(conversation)
    except UnknownConversation as error:
        raise HTTPException(404, str(error)) from None
    if known.address.channel != CHANNEL:
        raise HTTPException(404, str(UnknownConversation(conversation)))
