"""`Bot`: a whole bot in a few lines of Python, for a script, a notebook, or an application of one's own.

```python
from groundtalk import Bot

async with Bot.open(documents="handbook") as bot:
    answer = await bot.ask("visitor-1", "How long is the warranty?")
```

The public face of `bot.assembly`: it names the parts and keeps them running. People who are asked for here talk on the
channel `python`, with everything that holds on the other channels.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import aclosing, asynccontextmanager
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import structlog
from fastapi import FastAPI
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bot.assembly import PYTHON, Runtime, open_runtime
from bot.channels.base import Channel
from bot.errors import AlreadyOpen, HumanInCharge, NotOpen, SettingsError
from bot.http.app import build_routes
from bot.http.server import bind, run_server
from bot.logs import quiet_logs
from bot.models.provided import ProvidedModels
from bot.settings import Settings, load_settings
from dialogue.conversation import Address, Answer, Conversation, Turn, Utterance
from dialogue.errors import UnknownConversation
from dialogue.events import Answered, Event
from dialogue.manager import Manager
from dialogue.steps import ArrangeSteps
from dialogue.store.erasure import ErasedRows
from dialogue.store.schema import MAX_INTEGER
from dialogue.store.store import Store
from retrieval.collection import Collection
from retrieval.encoders.base import Encoder
from retrieval.encoders.embeddings import EmbeddingsEncoder
from retrieval.ingest import IngestReport, Progress

Name = str | Path


class Bot:
    """One bot in this process; `Bot.open` makes it.

    It runs inside `async with`, or from `await Bot.open(...)` until `await bot.close()`: models loaded, database open,
    questions answered. Every method raises NotOpen outside.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        generator: BaseChatModel | None = None,
        rewriter: BaseChatModel | None = None,
        encoder: Embeddings | None = None,
        retriever: BaseRetriever | None = None,
        steps: ArrangeSteps | None = None,
        channels: Sequence[Channel] = (),
        progress: Progress = lambda stage, done, total: None,
    ) -> None:
        """`Bot.open` explains the arguments; here models are objects, and all else is in `settings`."""
        self._settings = settings
        self._models = (generator, rewriter, retriever)
        self._encoder = encoder
        self._steps = steps
        self._channels = tuple(channels)
        self._progress = progress
        self._running: Runtime | None = None
        self._web: FastAPI | None = None
        self._closing: asyncio.Future[None] | None = None

    @classmethod
    def open(
        cls,
        documents: Name | None = None,
        generator: Name | BaseChatModel | None = None,
        *,
        rewriter: Name | BaseChatModel | None = None,
        encoder: Name | Embeddings | None = None,
        retriever: BaseRetriever | None = None,
        data_dir: Name | None = None,
        database_url: str | None = None,
        voice: Name | None = None,
        steps: ArrangeSteps | None = None,
        channels: Sequence[Channel] = (),
        progress: Progress = lambda stage, done, total: None,
        **settings: Any,
    ) -> Self:
        """A bot to be used as `async with Bot.open(...) as bot:`. Everything has a default.

        documents: a folder or file to answer from; the sample handbook unless given. generator, rewriter: a name of
        `groundtalk models list`, a path, a hub id, or any langchain chat model; a chat model that is given as
        `generator` also rewrites. encoder: a name, or any langchain embeddings. retriever: any langchain retriever, in
        place of ours with its index and encoder. data_dir, database_url: where conversations and index are kept. voice:
        a file like `bot/voice.toml`. steps: is given the default list of steps and returns the one to use. channels: of
        your own. progress: is told of the reading of documents. settings: any other setting by its name in lower case.

        What is not given comes from the environment and from `.env`, as for every command. Raises SettingsError.
        """
        if rewriter is None and isinstance(generator, BaseChatModel):
            rewriter = generator
        named = {
            "knowledge_dir": documents,
            "generator": _name(generator),
            "rewriter": _name(rewriter),
            "encoder": _name(encoder),
            "data_dir": data_dir,
            "database_url": database_url,
            "voice_file": voice,
        }
        given = {key: value for key, value in named.items() if value is not None}
        return cls(
            load_settings(**given, **_known(settings)),
            generator=generator if isinstance(generator, BaseChatModel) else None,
            rewriter=rewriter if isinstance(rewriter, BaseChatModel) else None,
            encoder=encoder if isinstance(encoder, Embeddings) else None,
            retriever=retriever,
            steps=steps,
            channels=channels,
            progress=progress,
        )

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        """Raises the packages' errors: a setting, a model, the documents or the database cannot be used."""
        if self._running is not None:
            raise AlreadyOpen
        if not structlog.is_configured():
            quiet_logs()
        self._running = runtime = await self._loaded()
        runtime.start()
        runtime.run_channels(channel for channel in runtime.channels if self._listens_at_once(channel))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish the answers in progress and let go of everything, also where the caller is cancelled meanwhile."""
        if self._running is None:
            return
        closing = self._closing = self._closing or asyncio.ensure_future(self._end(self._running))
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise

    async def ask(
        self, person: str, text: str, *, conversation: str | None = None, message_id: str | None = None
    ) -> Answer:
        """The committed answer to what a person says, in their current conversation unless another is named.

        person: your own id of whoever speaks. message_id: your own id of the message; the same one again is not
        answered twice, but gets the answer that it got. Raises HumanInCharge where a human answers instead (the
        message is stored all the same), UnknownConversation, ConversationClosed, StoreUnavailable.
        """
        home = await self._conversation(person, conversation)
        async with aclosing(self._events(home, text, message_id)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return await self.store.turns.answer(home.id, event.turn)
        raise HumanInCharge(home.id)

    async def stream(
        self, person: str, text: str, *, conversation: str | None = None, message_id: str | None = None
    ) -> AsyncGenerator[Event]:
        """The events of one turn, from `Accepted` over each `Token` to `Answered`; arguments and errors as of `ask`."""
        home = await self._conversation(person, conversation)
        answered = False
        async with aclosing(self._events(home, text, message_id)) as events:
            async for event in events:
                answered = isinstance(event, Answered)
                yield event
        if not answered:
            raise HumanInCharge(home.id)

    async def start_conversation(self, person: str) -> Conversation:
        """A new conversation, which knows nothing of the others; from now on the person's current one."""
        return await self.manager.start(Address(PYTHON, person))

    async def conversations(self, person: str, limit: int = 100) -> list[Conversation]:
        """A person's conversations, the last touched one first."""
        return await self.store.conversations.at_address(Address(PYTHON, person), limit)

    async def history(self, person: str, *, conversation: str | None = None, limit: int = 100) -> list[Turn]:
        """The last `limit` turns of a conversation, each answer after its question. Raises UnknownConversation."""
        home = await self._conversation(person, conversation)
        return await self.store.turns.history(home.id, MAX_INTEGER, limit)

    async def forget(self, person: str) -> ErasedRows:
        """Erase everything that a person said and was told here."""
        return await self.manager.forget(PYTHON, person)

    async def ingest(self, documents: Name | None = None) -> IngestReport:
        """Read the documents again, or other ones in their place; what has not changed costs nothing.

        Raises IngestFailed, IngestRunning, NoCollection.
        """
        path = self._settings.knowledge_dir if documents is None else Path(documents)
        return await asyncio.to_thread(self.collection.ingest, path, self._progress)

    async def serve(self, host: str | None = None, port: int | None = None) -> None:
        """Serve the chat page, the websocket, Telegram and the operators' API until the process is told to stop."""
        listener = bind(host or self._settings.host, self._settings.port if port is None else port)
        await run_server(self._routes(), listener)

    def mount(self, app: Starlette, path: str = "") -> None:
        """Add the chat page with all its routes to a FastAPI or Starlette application, below `path`.

        A bot that is not open yet is opened and closed with the application, around its own lifespan. With an empty
        path, call this after all other routes are added: what they do not match is the bot's.
        """
        app.mount(path, self._answer_request)
        if self._running is not None:
            self._routes()
            return
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[Any]:
            async with self:
                self._routes()
                async with inner(app) as state:
                    yield state

        app.router.lifespan_context = lifespan

    @property
    def manager(self) -> Manager:
        """For channels and whatever else this class has no method for."""
        return self._runtime.manager

    @property
    def store(self) -> Store:
        """The conversations of all channels."""
        return self._runtime.store

    @property
    def collection(self) -> Collection:
        """What is searched now. Raises NoCollection where a retriever was given."""
        return self._runtime.collection

    @property
    def engine(self) -> BaseChatModel:
        """The chat model that answers now."""
        return self._runtime.engine

    @property
    def _runtime(self) -> Runtime:
        if self._running is None:
            raise NotOpen
        return self._running

    async def _end(self, runtime: Runtime) -> None:
        await runtime.close()
        self._running, self._web, self._closing = None, None, None

    async def _loaded(self) -> Runtime:
        generator, rewriter, retriever = self._models
        provided = ProvidedModels(generator, rewriter, await asyncio.to_thread(self._own_encoder), retriever)
        return await open_runtime(
            self._settings, self._progress, self._channels, arrange_steps=self._steps, provided=provided
        )

    def _own_encoder(self) -> Encoder | None:
        own = self._encoder
        return own if own is None or isinstance(own, Encoder) else EmbeddingsEncoder(own)

    def _listens_at_once(self, channel: Channel) -> bool:
        """The channels of the settings, such as Telegram, wait until the bot is served or mounted."""
        return channel.channel == PYTHON or channel in self._channels

    def _routes(self) -> FastAPI:
        """The web application; the first call opens the channels that wait for it."""
        if self._web is None:
            runtime = self._runtime
            self._web = build_routes(runtime)
            runtime.run_channels(
                channel for channel in runtime.channels if not self._listens_at_once(channel)
            )
        return self._web

    async def _answer_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._routes()(scope, receive, send)

    async def _conversation(self, person: str, conversation: str | None) -> Conversation:
        """The one that is named, or the person's current one, begun if need be. Raises UnknownConversation."""
        address = Address(PYTHON, person)
        if conversation is None:
            return await self.store.conversations.current(address) or await self.manager.start(address)
        named = await self.store.conversations.get(conversation)
        if named.address != address:
            raise UnknownConversation(conversation)
        return named

    def _events(self, home: Conversation, text: str, message_id: str | None) -> AsyncGenerator[Event]:
        return self.manager.converse(Utterance(home.address, message_id or uuid4().hex, text), home.id)


def _name(model: object) -> str | None:
    """What the settings call a model; None for an object."""
    return str(model) if isinstance(model, Name) else None


def _known(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, if all of them exist. Raises SettingsError."""
    for name in settings:
        if name not in Settings.model_fields:
            near = get_close_matches(name, Settings.model_fields, n=1)
            meant = f"Did you mean {near[0]!r}?" if near else ".env.example lists them, in capitals."
            raise SettingsError(f"There is no setting {name!r}. {meant}")
    return settings
