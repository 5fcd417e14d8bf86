"""A bot process that may be killed at any moment: the real manager, worker, store and dispatcher, and a fast model.

It reads questions from a pipe and acknowledges them once they are accepted, as a channel does. Answers are delivered
into a file, because a killed process cannot report what it has sent. A step of the deployment's own, loaded from
`counting_step.py`, answers every second question.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever

import bot
from bot.steps import load_steps
from bot.voice import load_voice
from dialogue.conversation import Address, Answer, OutboxMessage, Turn, Utterance
from dialogue.delivery import OutboxDispatcher, ReportProgress
from dialogue.events import EventBus
from dialogue.grounding import Grounder
from dialogue.manager import Manager
from dialogue.responder import Responder, ResponderSlot
from dialogue.rewriting import Rewriter
from dialogue.steps import default_steps
from dialogue.store.store import Store
from dialogue.worker import Timeouts, Worker

VOICE = Path(bot.__file__).with_name("voice.toml")
CHANNEL = "file"
LEASE = 0.5
"""Seconds after which what a killed process held is free again."""


STEPS = Path(__file__).with_name("counting_step.py")
COUNTED = 2
"""Every so many questions one is for the counting step."""


def is_counted(number: int) -> bool:
    return number % COUNTED == 0


def question(number: int) -> str:
    return f"Count order {number}." if is_counted(number) else f"When does order {number} ship?"


def number_in(text: str) -> int:
    """The number of the last order in `text`."""
    return int(re.findall(r"[Oo]rder (\d+)", text)[-1])


class NumberModel(BaseChatModel):
    """A model that answers when any order ships, word by word."""

    @property
    def _llm_type(self) -> str:
        return "numbers"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """A rewrite: the question itself."""
        rewrite = question(number_in(str(messages[-1].content)))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(rewrite))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """The answer to the question in the last message."""
        for word in f"Order {number_in(str(messages[-1].content))} ships on Monday [1].".split(" "):
            await asyncio.sleep(0.001)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))


class NumberRetriever(BaseRetriever):
    """Finds a page with the answer."""

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: Any, variants: Sequence[str] = ()
    ) -> list[Document]:
        return self._get_relevant_documents(query, run_manager=run_manager)

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        number = number_in(query)
        about = {
            "chunk": f"page {number}",
            "title": "Orders",
            "source": "orders.md",
            "score": 0.9,
        }
        return [Document(f"Order {number} ships on Monday.", metadata=about)]


class FileSender:
    """Delivers each answer as one line of a file: the account, a tab, the number that was asked for."""

    channel = CHANNEL

    def __init__(self, file: str) -> None:
        self._lines = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        return {"number": number_in(turn.text)}

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        os.write(self._lines, f"{outgoing.address.account}\t{outgoing.payload['number']}\n".encode())


def run_bot(url: str, file: str, pipe: Connection) -> None:
    """Run a bot until the pipe sends None, or until it is killed."""
    asyncio.run(_run_bot(url, file, pipe))


async def _run_bot(url: str, file: str, pipe: Connection) -> None:
    owner = f"process {os.getpid()}"
    async with await Store.open(url) as store:
        dispatcher = OutboxDispatcher(store.outbox, FileSender(file), owner, lease=LEASE, poll=0.05)
        manager = _manager(store, owner, FileSender(file))
        sweeping, delivering = asyncio.create_task(manager.run()), asyncio.create_task(dispatcher.run())
        await _listen(manager, pipe)
        sweeping.cancel()
        await manager.close()
        dispatcher.close()
        await asyncio.gather(sweeping, delivering, return_exceptions=True)


def _manager(store: Store, owner: str, sender: FileSender) -> Manager:
    events, voice, model = EventBus(), load_voice(VOICE), NumberModel()
    steps = load_steps(STEPS)(default_steps(Rewriter(model), NumberRetriever(), Grounder(model, voice)))
    responder = Responder(store.turns, steps, voice, release="model")
    timeouts = Timeouts(lease=LEASE, pause=0.01)
    worker = Worker(
        store, ResponderSlot(responder), {CHANNEL: sender}, events, owner=owner, timeouts=timeouts
    )
    return Manager(store, worker, events, sweep_seconds=0.1)


async def _listen(manager: Manager, pipe: Connection) -> None:
    """Accept questions from the pipe, several at the same time, and acknowledge them."""
    async with asyncio.TaskGroup() as group:
        while (message := await asyncio.to_thread(pipe.recv)) is not None:
            group.create_task(_receive(manager, pipe, *message))


async def _receive(manager: Manager, pipe: Connection, account: str, number: int) -> None:
    await manager.receive(Utterance(Address(CHANNEL, account), f"question {number}", question(number)))
    pipe.send((account, number))
