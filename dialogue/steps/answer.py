"""The step that answers from the documents: rewrite the question, retrieve and read passages, ground the answer.

It always answers: if the documents have no answer, it abstains. Works with any langchain chat model and retriever.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever

from dialogue.answer_cache import AnswerCache
from dialogue.conversation import Answer
from dialogue.grounding import GroundedReply, Grounder
from dialogue.request import Request, read_request
from dialogue.rewriting import Rewriter
from dialogue.speed import AnswerSpeed
from dialogue.steps.base import TurnContext

CACHED = "cached"
"""The stage in an answer's timings that says that it came from the cache."""


class AnswerFromDocuments:
    """Rewrites, retrieves and grounds, and streams the answer.

    reader: orders and shortens what was found, and may say that nothing of it answers, upon which the bot abstains at
    once; without one, whole documents are shown as they were found. answers:
    finished answers, which a repeated question over the same passages gets at once; by default none are kept.
    """

    def __init__(
        self,
        rewriter: Rewriter,
        retriever: BaseRetriever,
        grounder: Grounder,
        *,
        reader: BaseDocumentCompressor | None = None,
        answers: AnswerCache | None = None,
    ) -> None:
        self._rewriter = rewriter
        self._retriever = retriever
        self._grounder = grounder
        self._reader = reader
        self._answers = AnswerCache(0) if answers is None else answers
        self._speed = AnswerSpeed()

    async def run(self, turn: TurnContext) -> Answer:
        """Raises EngineError, RetrievalError."""
        with turn.timed("rewrite"):
            request = await read_request(self._rewriter, turn.history, turn.text, turn.language)
            turn.language = request.language or turn.language
            turn.rewritten(request.question)
        with turn.timed("retrieve"):
            documents = await self._retrieve(request)
        if self._reader is not None:
            with turn.timed("read"):
                documents = await self._reader.acompress_documents(documents, request.in_context)
        turn.retrieved(self._grounder.passages(documents))
        if not self._grounder.may_answer(documents):
            return _answer(turn, self._grounder.abstention(turn.language))
        known = self._answers.get(request.asked, turn.language, turn.passages)
        if known is None:
            return await self._write(turn, request)
        with turn.timed(CACHED):
            turn.stream(known.text)
        return _answer(turn, known)

    async def _retrieve(self, request: Request) -> Sequence[Document]:
        found = [await self._retriever.ainvoke(first, variants=others) for first, *others in request.searches]
        return found[0] if len(found) == 1 else in_turns(found)

    async def _write(self, turn: TurnContext, request: Request) -> Answer:
        """The model's answer, streamed and checked, and kept in the cache."""
        turn.on_cancel = lambda: _answer(turn, self._grounded(turn, request))
        with turn.timed("answer"):
            async for text in self._written(turn, request):
                turn.stream(text)
        reply = self._grounded(turn, request)
        self._answers.put(request.asked, turn.language, turn.passages, reply)
        return _answer(turn, reply)

    def _written(self, turn: TurnContext, request: Request) -> AsyncIterator[str]:
        """The model's text as it is written; nothing without passages."""
        answer = self._grounder.stream(request.asked, turn.passages, turn.language, turn.text)
        if not turn.passages:
            return answer
        prompt = " ".join([request.asked, *(passage.text for passage in turn.passages)])
        turn.writing(self._speed.estimate(prompt))
        return self._speed.measured(prompt, answer)

    def _grounded(self, turn: TurnContext, request: Request) -> GroundedReply:
        """The streamed text, checked against the passages."""
        return self._grounder.reply(turn.streamed, turn.passages, request.asked, turn.language)


def in_turns(found: Sequence[Sequence[Document]]) -> list[Document]:
    """The best of each search, then the second of each, and so on; every chunk once."""
    ranked = (document for rank in zip_longest(*found) for document in rank if document is not None)
    once: dict[object, Document] = {}
    for document in ranked:
        once.setdefault(document.metadata.get("chunk", id(document)), document)
    return list(once.values())


def _answer(turn: TurnContext, reply: GroundedReply) -> Answer:
    return replace(turn.answer(reply.text, citations=reply.citations), abstained=reply.abstained)
