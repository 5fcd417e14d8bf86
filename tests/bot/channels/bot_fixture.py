"""A whole bot for the tests of channels: real store, manager, worker, responder, outbox and HTTP server.

Only the models are fakes: the chat model says what a test tells it to, and the retriever always finds the same
passages.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever

from bot.channels.base import Channel
from bot.http import chat_page
from bot.settings import PACKAGE
from bot.voice import load_voice
from dialogue.delivery import OutboxDispatcher
from dialogue.errors import EngineError
from dialogue.events import EventBus
from dialogue.grounding import Grounder
from dialogue.manager import Manager
from dialogue.responder import Responder, ResponderSlot
from dialogue.rewriting import Rewriter
from dialogue.steps import default_steps
from dialogue.store.store import Store
from dialogue.worker import Worker
from tests.bot.channels.waiting import eventually

VOICE = load_voice(PACKAGE / "voice.toml")
UNKNOWN = "weather"
"""A question with this word finds nothing."""
ANSWER = "You may return it within 30 days [1]. The refund takes 5 working days [2]."
PASSAGES = (
    Document(
        "Anything you ordered can go back to us. You may return it within 30 days of delivery, in its box.",
        metadata={"chunk": "returns-1", "title": "Returns", "source": "returns.md", "score": 0.8},
    ),
    Document(
        "Once the parcel is here, the refund takes 5 working days to reach your account.",
        metadata={
            "chunk": "refunds-1",
            "title": "Refunds",
            "source": "https://shop.example/refunds",
            "score": 0.7,
        },
    ),
)


class FakeChatModel(BaseChatModel):
    """Streams `text` sentence by sentence (a single one word by word), `pause` seconds apart.

    While `waiting` is cleared, only the first one comes.

    Before the first one it reads for `reading` seconds, and until `read` is set. The next `fails` calls raise
    EngineError after the first one.
    """

    text: str = ANSWER
    pause: float = 0.0
    reading: float = 0.0
    fails: int = 0
    waiting: Any = field(default_factory=asyncio.Event)
    read: Any = field(default_factory=asyncio.Event)

    def model_post_init(self, context: Any) -> None:
        self.waiting, self.read = asyncio.Event(), asyncio.Event()
        self.waiting.set()
        self.read.set()

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError("the bot asks asynchronously")

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(""))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(self.reading)
        await self.read.wait()
        sentences = re.findall(r"[^.]+(?:\. ?|$)", self.text)
        for n, sentence in enumerate(sentences if len(sentences) > 1 else re.split("(?= )", self.text)):
            if n and self.fails:
                self.fails -= 1
                raise EngineError("The engine broke down.")
            if n:
                await self.waiting.wait()
                await asyncio.sleep(self.pause)
            yield ChatGenerationChunk(message=AIMessageChunk(content=sentence))


class FakeRetriever(BaseRetriever):
    """Finds `PASSAGES` for every question, except those that contain UNKNOWN."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: Any, variants: Sequence[str] = ()
    ) -> list[Document]:
        return [] if UNKNOWN in query else list(PASSAGES)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: Any, variants: Sequence[str] = ()
    ) -> list[Document]:
        return self._get_relevant_documents(query, run_manager=run_manager, variants=variants)


@dataclass
class BotFixture:
    """A running bot. `url` is where it is reached over HTTP."""

    store: Store
    manager: Manager
    channel: Channel
    chat_model: FakeChatModel
    events: EventBus
    app: FastAPI
    port: int = 0
    _server: uvicorn.Server | None = None
    _serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Start the server; after the first time, at the same address."""
        config = uvicorn.Config(self.app, port=self.port, log_level="warning", ws_max_size=2**22)
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        await eventually(self._open)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def _open(self) -> bool:
        return self._server is not None and self._server.started

    async def until_turns(self, conversation: str, count: int) -> None:
        """Returns when the conversation has so many turns."""

        async def stored() -> bool:
            return len(await self.store.turns.after(conversation, 0, count)) == count

        await eventually(stored)

    async def close(self) -> None:
        assert self._server is not None and self._serving is not None
        self._server.should_exit = True
        await self._serving


@asynccontextmanager
async def bot_fixture(url: str, channel: Channel) -> AsyncIterator[BotFixture]:
    """A bot over the database at `url` whose only channel is `channel`, with the web page beside it."""
    async with await Store.open(url) as store:
        chat_model, bus = FakeChatModel(), EventBus()
        steps = default_steps(Rewriter(chat_model), FakeRetriever(), Grounder(chat_model, VOICE))
        responder = Responder(store.turns, steps, VOICE, release="test")
        dispatcher = OutboxDispatcher(store.outbox, channel, "test", poll=0.05)
        worker = Worker(
            store,
            ResponderSlot(responder),
            {channel.channel: channel},
            bus,
            owner="test",
            wake=lambda _: dispatcher.wake(),
        )
        manager = Manager(store, worker, bus)
        bot = BotFixture(store, manager, channel, chat_model, bus, _app(manager, channel))
        running = [
            asyncio.create_task(each) for each in (dispatcher.run(), channel.run(manager), manager.run())
        ]
        await bot.open()
        try:
            yield bot
        finally:
            await bot.close()
            await manager.close(grace=0)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def _app(manager: Manager, channel: Channel) -> FastAPI:
    app = FastAPI()
    routers: list[APIRouter] = [
        channel.router(manager),
        chat_page.page_router(VOICE),
        chat_page.history_router(manager.store),
    ]
    for router in routers:
        app.include_router(router)
    return app
