"""What a turn is made of: rewrite, retrieve, ground. Makes the answer; commits and delivers nothing.

Knows the parts by their interfaces: any langchain chat model and any langchain retriever will do.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from langchain_core.retrievers import BaseRetriever

from dialogue.conversation import Answer, Conversation, Mode, Passage, Turn
from dialogue.events import Event, Retrieved, Rewritten, Token
from dialogue.grounding import Grounder
from dialogue.language import language_of
from dialogue.rewriting import HISTORY_TURNS, Rewriter, speaks_for_itself
from dialogue.steps.handover import asks_for_human
from dialogue.steps.small_talk import small_talk_reply
from dialogue.store.turns import History
from dialogue.voice import Voice


class AnswerInProgress:
    """An answer as it grows: events go to `publish`, what was said so far stays for whoever stops it."""

    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        self._started = perf_counter()
        self.text = ""
        self.query = ""
        self.passages: tuple[Passage, ...] = ()
        self.timings: dict[str, float] = {}

    def rewritten(self, turn: Turn, query: str) -> None:
        self.query = query
        self._publish(Rewritten(turn.number, query))

    def retrieved(self, turn: Turn, passages: tuple[Passage, ...]) -> None:
        self.passages = passages
        self._publish(Retrieved(turn.number, passages))

    def said(self, turn: Turn, text: str) -> None:
        self.timings.setdefault("first_token", perf_counter() - self._started)
        self.text += text
        self._publish(Token(turn.number, text))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.timings[name] = perf_counter() - started


class Responder:
    """`release` names what answers: it is stored with every answer."""

    def __init__(
        self,
        history: History,
        rewriter: Rewriter,
        retriever: BaseRetriever,
        grounder: Grounder,
        voice: Voice,
        *,
        release: str,
    ) -> None:
        self._history = history
        self._rewriter = rewriter
        self._retriever = retriever
        self._grounder = grounder
        self._voice = voice
        self._release = release

    async def respond(self, conversation: Conversation, turn: Turn, draft: AnswerInProgress) -> Answer:
        """The answer to the user's `turn`. Raises EngineError, RetrievalError, StoreUnavailable."""
        language = self._language(conversation, turn)
        wording = self._voice.wording(language)
        history = await self._history.history(conversation.id, before=turn.number, limit=HISTORY_TURNS)
        if asks_for_human(turn.text, history):
            return self._own_words(turn, language, wording.handed_over, hand_over=True)
        if reply := small_talk_reply(turn.text, wording):
            return self._own_words(turn, language, reply)
        with draft.stage("rewrite"):
            draft.rewritten(turn, await self._rewriter.rewrite(history, turn.text, language))
        with draft.stage("retrieve"):
            own_words = (turn.text,) if speaks_for_itself(turn.text) else ()
            documents = await self._retriever.ainvoke(draft.query, variants=own_words)
            draft.retrieved(turn, self._grounder.passages(documents))
        with draft.stage("answer"):
            async for text in self._grounder.stream(draft.query, draft.passages, language):
                draft.said(turn, text)
        return self._finish(draft, language)

    def stopped(self, conversation: Conversation, turn: Turn, draft: AnswerInProgress) -> Answer:
        """The answer where the person cancelled: what was said so far, or that it was stopped."""
        language = self._language(conversation, turn)
        if draft.text.strip():
            return self._finish(draft, language)
        return self._own_words(turn, language, self._voice.wording(language).stopped)

    def apology(self, conversation: Conversation, turn: Turn) -> Answer:
        """The answer where answering failed for good."""
        language = self._language(conversation, turn)
        return self._own_words(turn, language, self._voice.wording(language).failure, failed=True)

    def excuse(self, conversation: Conversation, turn: Turn) -> str:
        """What the person is told when what they were shown of an answer is void."""
        wording = self._voice.wording(self._language(conversation, turn))
        return wording.handed_over if conversation.mode is Mode.HUMAN else wording.retrying

    def _finish(self, draft: AnswerInProgress, language: str) -> Answer:
        reply = self._grounder.reply(draft.text, draft.passages, draft.query, language)
        return Answer(
            text=reply.text,
            query=draft.query,
            citations=reply.citations,
            passages=draft.passages,
            abstained=reply.abstained,
            language=language,
            release=self._release,
            timings=dict(draft.timings),
        )

    def _own_words(
        self, turn: Turn, language: str, text: str, *, failed: bool = False, hand_over: bool = False
    ) -> Answer:
        return Answer(
            text, turn.text, language=language, release=self._release, failed=failed, hand_over=hand_over
        )

    def _language(self, conversation: Conversation, turn: Turn) -> str:
        return language_of(turn.text, turn.language or conversation.language)


class Occupant:
    """A responder, and how many attempts hold it."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self._attempts = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._attempts += 1
        self._free.clear()
        try:
            yield
        finally:
            self._attempts -= 1
            if not self._attempts:
                self._free.set()

    async def left(self) -> None:
        """Returns when nobody holds it."""
        await self._free.wait()


class ResponderSlot:
    """One a process; the responder of its beginning is replaced as often as another lineup goes live."""

    def __init__(self, responder: Responder) -> None:
        self._post = Occupant(responder)

    @property
    def responder(self) -> Responder:
        """Who would be lent now."""
        return self._post.responder

    @contextmanager
    def lent(self) -> Iterator[Responder]:
        """The responder for one attempt: it stays usable until the block ends, whoever takes over meanwhile."""
        post = self._post
        with post.held():
            yield post.responder

    async def relieve(self, responder: Responder) -> None:
        """`responder` is lent from now on. Returns when the last attempt of the former one has ended."""
        former, self._post = self._post, Occupant(responder)
        await former.left()
