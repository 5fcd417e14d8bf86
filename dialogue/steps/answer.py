"""The step that answers from the documents: rewrite the question, retrieve passages, ground the answer in them.

It always answers: if the documents have no answer, it abstains. Works with any langchain chat model and retriever.
"""

from dataclasses import replace

from langchain_core.retrievers import BaseRetriever

from dialogue.conversation import Answer
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter, is_specific
from dialogue.steps.base import TurnContext


class AnswerFromDocuments:
    """Rewrites, retrieves and grounds, and streams the answer."""

    def __init__(self, rewriter: Rewriter, retriever: BaseRetriever, grounder: Grounder) -> None:
        self._rewriter = rewriter
        self._retriever = retriever
        self._grounder = grounder

    async def run(self, turn: TurnContext) -> Answer:
        """Raises EngineError, RetrievalError."""
        with turn.timed("rewrite"):
            turn.rewritten(await self._rewriter.rewrite(turn.history, turn.text, turn.language))
        with turn.timed("retrieve"):
            own_words = (turn.text,) if is_specific(turn.text) else ()
            documents = await self._retriever.ainvoke(turn.query, variants=own_words)
            turn.retrieved(self._grounder.passages(documents))
        turn.on_cancel = lambda: self._grounded(turn)
        with turn.timed("answer"):
            async for text in self._grounder.stream(turn.query, turn.passages, turn.language):
                turn.stream(text)
        return self._grounded(turn)

    def _grounded(self, turn: TurnContext) -> Answer:
        """The streamed text, checked against the passages."""
        reply = self._grounder.reply(turn.streamed, turn.passages, turn.query, turn.language)
        return replace(turn.answer(reply.text, citations=reply.citations), abstained=reply.abstained)
