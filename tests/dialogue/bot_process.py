"""A bot within the process of the tests: the real store, worker and manager, a fake chat model and retriever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from structlog.testing import capture_logs

from dialogue.conversation import Address, Answer, OutboxMessage, Receipt, Role, Turn
from dialogue.delivery import ReportProgress
from dialogue.errors import StoreUnavailable
from dialogue.events import Event, EventBus
from dialogue.grounding import Grounder
from dialogue.manager import Manager
from dialogue.responder import Responder, ResponderSlot
from dialogue.rewriting import Rewriter
from dialogue.steps import ArrangeSteps, default_steps
from dialogue.store.store import Store
from dialogue.voice import Voice, Wording
from dialogue.worker import Timeouts, Worker
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.dialogue.store.samples import CHAT, said

SENTENCES = {name: name for name in Wording.__dataclass_fields__ if name != "menu"}
VOICE = Voice("Robin", "Brief.", "en", {"en": Wording(**SENTENCES, menu={})})
"""Every sentence is the name of its field."""

MANUAL = Document(
    "The charger takes 230 volts. It is grey.",
    metadata={"chunk": "manual-1", "title": "Manual", "source": "manual.md", "score": 0.8},
)


class FakeRetriever(BaseRetriever):
    """Finds the manual, except for questions about the weather; while `held` is not set, it goes on searching."""

    held: Any = None

    async def _aget_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        if self.held is not None:
            await self.held.wait()
        return [] if "weather" in query else [MANUAL]

    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        raise NotImplementedError("the bot calls retrievers asynchronously")


class FakeSender:
    """A sender that renders answers as text; it cannot render those for which `broken` is true."""

    channel = CHAT.channel

    def __init__(self, broken: Callable[[Answer], bool] = lambda answer: False) -> None:
        self._broken = broken

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        if self._broken(answer):
            raise ValueError("this answer cannot be rendered")
        return {"text": answer.text}

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Does nothing: the tests read the outbox."""


@dataclass
class BotProcess:
    """woken: the channels whose dispatcher was woken. observed: the committed answers."""

    store: Store
    chat_model: FakeChatModel
    retriever: FakeRetriever
    manager: Manager
    worker: Worker
    responder: Responder
    slot: ResponderSlot
    woken: list[str] = field(default_factory=list)
    observed: list[Answer] = field(default_factory=list)

    async def say(self, text: str, address: Address = CHAT) -> Receipt:
        return await self.manager.receive(said(text, address))

    async def answers(self, conversation: str) -> list[Turn]:
        return [
            turn
            for turn in await self.store.turns.after(conversation, 0, 1_000)
            if turn.role is Role.ASSISTANT
        ]

    async def answered(self, conversation: str, number: int = 1) -> list[Turn]:
        """The answers, once there are `number` of them."""

        async def enough() -> bool:
            return len(await self.answers(conversation)) >= number

        await until_async(enough)
        return await self.answers(conversation)

    async def answer_to(self, conversation: str, question: int) -> Turn:
        """The answer to turn `question`, once it is there."""

        async def there() -> bool:
            return any(turn.reply_to == question for turn in await self.answers(conversation))

        await until_async(there)
        return next(turn for turn in await self.answers(conversation) if turn.reply_to == question)


@asynccontextmanager
async def bot_process(
    url: str,
    *,
    chat_model: FakeChatModel | None = None,
    sender: FakeSender | None = None,
    voice: Voice = VOICE,
    max_concurrency: int = 16,
    sweep_seconds: float = 1.0,
    poll_seconds: float = 1.0,
    timeouts: Timeouts | None = None,
    open_store: Callable[[str], Any] = Store.open,
    arrange: ArrangeSteps = lambda default: default,
) -> AsyncIterator[BotProcess]:
    """A bot; it searches for pending turns only if the test runs `manager.run`."""
    async with await open_store(url) as store:
        chat_model, retriever, events = chat_model or FakeChatModel(), FakeRetriever(), EventBus()
        default = default_steps(Rewriter(chat_model), retriever, Grounder(chat_model, voice))
        responder = Responder(store.turns, arrange(default), voice, release="test")
        slot = ResponderSlot(responder)
        woken: list[str] = []
        observed: list[Answer] = []
        worker = Worker(
            store,
            slot,
            {CHAT.channel: sender or FakeSender()},
            events,
            owner=f"process {id(store)}",
            timeouts=timeouts or Timeouts(pause=0.01),
            observe=observed.append,
            wake=woken.append,
        )
        manager = Manager(
            store,
            worker,
            events,
            max_concurrency=max_concurrency,
            sweep_seconds=sweep_seconds,
            poll_seconds=poll_seconds,
        )
        try:
            with capture_logs():
                yield BotProcess(
                    store, chat_model, retriever, manager, worker, responder, slot, woken, observed
                )
        finally:
            await manager.close(grace=0)


class FlakyStore(Store):
    """While it is `away`, the method named `call` fails as if the database were down."""

    away = False
    call = ""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for part in ("turns", "conversations", "claims", "outbox", "feedback", "operators", "erasure"):
            setattr(self, part, _FlakyPart(self, getattr(self, part)))


class _FlakyPart:
    """A part of a store whose methods may fail."""

    def __init__(self, store: FlakyStore, part: Any) -> None:
        self._store = store
        self._part = part

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)

        async def call(*given: Any, **named: Any) -> Any:
            if self._store.away and name == self._store.call:
                raise StoreUnavailable("The database is down.")
            return await method(*given, **named)

        return call


def chat(name: str) -> Address:
    """Another chat on the same channel."""
    return Address(CHAT.channel, name)


async def until(holds: Callable[[], object]) -> None:
    """Return when it holds; fail after five seconds."""

    async def ask() -> bool:
        return bool(holds())

    await until_async(ask)


async def until_async(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        for _ in count():
            if await holds():
                return
            await asyncio.sleep(0.002)


async def collect_events(subscription: AsyncIterator[Event], last: type) -> list[Event]:
    """Events up to the first of type `last`."""
    events = []
    async with asyncio.timeout(5):
        async for event in subscription:
            events.append(event)
            if isinstance(event, last):
                break
    return events
