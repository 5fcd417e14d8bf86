"""The files of the chat page and the voice it speaks with, under a strict content security policy.

Serves a fixed list of files, read once. Knows nothing of conversations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response

from dialogue.voice import Voice, Wording

FOLDER = Path(__file__).parent
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
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
        headers = {**HEADERS, "ETag": self.tag}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.kind, headers=headers)


def router(voice: Voice) -> APIRouter:
    """`/` the page, `/web/...` its files, `/voice` the bot's name and sentences in every language."""
    routes = APIRouter(include_in_schema=False)
    assets = {path.name: Asset.read(path) for path in FOLDER.iterdir() if path.suffix in KINDS}
    spoken = _spoken(voice)

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


def _spoken(voice: Voice) -> Mapping[str, object]:
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
