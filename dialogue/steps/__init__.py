"""The steps of a turn, one file each, and `default_steps`, the list that a bot starts with."""

from collections.abc import Callable, Sequence

from langchain_core.documents import BaseDocumentCompressor
from langchain_core.retrievers import BaseRetriever

from dialogue.answer_cache import AnswerCache
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from dialogue.steps.answer import AnswerFromDocuments
from dialogue.steps.base import Step, TurnContext
from dialogue.steps.handover import HandOver
from dialogue.steps.small_talk import SmallTalk

__all__ = [
    "AnswerFromDocuments",
    "ArrangeSteps",
    "HandOver",
    "SmallTalk",
    "Step",
    "TurnContext",
    "default_steps",
]

ArrangeSteps = Callable[[list[Step]], Sequence[Step]]
"""Turns the default list of steps into the list of a deployment: adds its own steps, or leaves some out."""


def default_steps(
    rewriter: Rewriter,
    retriever: BaseRetriever,
    grounder: Grounder,
    *,
    reader: BaseDocumentCompressor | None = None,
    answers: AnswerCache | None = None,
) -> list[Step]:
    """Hand over to a human, small talk, and the answer from the documents, in this order.

    reader, answers: see `AnswerFromDocuments`.
    """
    answer = AnswerFromDocuments(rewriter, retriever, grounder, reader=reader, answers=answers)
    return [HandOver(), SmallTalk(), answer]
