"""The steps of a turn, one file each; `default_steps` is the list that a bot starts with."""

from collections.abc import Callable, Sequence

from langchain_core.retrievers import BaseRetriever

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
"""Makes the list of steps of a deployment out of the default list: puts its own in, leaves some out."""


def default_steps(rewriter: Rewriter, retriever: BaseRetriever, grounder: Grounder) -> list[Step]:
    """Pass to a human, small talk, and the answer from the documents."""
    return [HandOver(), SmallTalk(), AnswerFromDocuments(rewriter, retriever, grounder)]
