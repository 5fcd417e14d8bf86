"""The HTTP application: collects all routes, turns errors into responses, and runs the bot while the server runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from bot.assembly import Runtime
from bot.errors import BotError, NoCollection, explain
from bot.http import chat_page, health
from bot.http.health import Check, database_check, engine_check, index_check, release_check
from bot.http.operators import operators_router
from dialogue.errors import (
    BotInCharge,
    ConversationClosed,
    DialogueError,
    StateChanged,
    StoreUnavailable,
    UnknownConversation,
    UnknownTurn,
)
from finetune.errors import FinetuneError, NothingToRollBack, UnknownRelease
from retrieval.errors import IngestFailed, IngestRunning, RetrievalError

STATUS_CODES: dict[type[Exception], int] = {
    UnknownConversation: 404,
    UnknownTurn: 404,
    UnknownRelease: 404,
    BotInCharge: 409,
    NoCollection: 409,
    ConversationClosed: 409,
    StateChanged: 409,
    IngestRunning: 409,
    NothingToRollBack: 409,
    IngestFailed: 422,
    StoreUnavailable: 503,
}


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(bot: Runtime) -> FastAPI:
    """The application for a loaded bot, which starts and stops with the server."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with bot:
            yield

    return build_routes(bot, lifespan)


def build_routes(bot: Runtime, lifespan: Lifespan | None = None) -> FastAPI:
    """The application around a bot that somebody else starts and closes."""
    app = FastAPI(title=bot.voice.name, summary="A grounded, multi-turn bot.", lifespan=lifespan)
    app.include_router(chat_page.page_router(bot.voice))
    app.include_router(chat_page.history_router(bot.store))
    for channel in bot.channels:
        app.include_router(channel.router(bot.manager))
    app.include_router(operators_router(bot.settings.operator_token.get_secret_value(), bot))
    app.include_router(health.health_router(_checks(bot), bot.numbers))
    for kind in (BotError, DialogueError, RetrievalError, FinetuneError):
        app.add_exception_handler(kind, _error_response)
    return app


def _checks(bot: Runtime) -> dict[str, Check]:
    return {
        "database": database_check(bot),
        "index": index_check(bot),
        "engine": engine_check(bot),
        "release": release_check(bot),
    }


async def _error_response(request: Request, error: Exception) -> JSONResponse:
    """The error's text, which names the remedy, in the form of FastAPI's own errors."""
    return JSONResponse({"detail": explain(error)}, STATUS_CODES.get(type(error), 500))
