"""Rewrites a follow-up question into a standalone one that can be searched for.

The task of CANARD (Elgohary et al., EMNLP 2019), done with a few examples in the prompt or with a trained adapter. If a
rewrite drifts, the person's own words are used.
"""

import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from dialogue.citations import PLAIN_MARKER
from dialogue.conversation import Turn
from dialogue.language import content_words
from dialogue.prompts import rewrite_prompt
from dialogue.standalone import refers_back, standalone

HISTORY_TURNS = 6
"""Turns of history that the rewriter reads."""
MAX_REWRITE_TOKENS = 96
"""The longest rewrite."""
MAX_NEW_WORDS = 0.5
"""A rewrite drifts if more than this share of its words appears nowhere in the conversation."""

SELF_CORRECTION = re.compile(
    r"\b(?:uh+|um+|er+|hmm|oh|actually|wait|sorry|w?hoops|my bad|never ?mind|scratch that|i meant?|rather|or more|"
    r"make that|not that|let me rephrase|better yet|instead)\b|(?<=\w) no (?!longer|more|one)|——|…|不对|等等|我是说",
    re.I,
)
LABEL = re.compile(
    r"(?:(?:rewritten|last|standalone) (?:message|question)|question|customer|顾客|最后一句话|改写)\s*[:：]\s*",
    re.I,
)


class Rewriter:
    """Rewrites with a chat model. Decoding is greedy, so the same question gives the same rewrite.

    trained: the model was trained for the task; its prompt is short, and it also rewrites questions that correct
    themselves. second: a larger model's rewriter, which is used if the rewrite still refers back or drifts.
    """

    def __init__(
        self, engine: BaseChatModel, *, trained: bool = False, second: "Rewriter | None" = None
    ) -> None:
        self._engine = engine
        self._trained = trained
        self._second = second

    async def rewrite(self, history: Sequence[Turn], question: str, language: str) -> str:
        """The standalone form of the question, in the person's language; the model is not asked if it stands alone.

        Raises EngineError.
        """
        corrected = corrects_itself(question)
        if not (history or (self._trained and corrected)):
            return question
        if not corrected and (alone := standalone(history, question)):
            return alone
        window = visible_history(history)
        messages = rewrite_prompt(language, trained=self._trained).messages(window, question)
        reply = await self._engine.ainvoke(messages, max_tokens=MAX_REWRITE_TOKENS)
        rewrite = clean_rewrite(str(reply.text))
        if self._second and history and (refers_back(rewrite) or drifts(rewrite, question, window)):
            return await self._second.rewrite(history, question, language)
        return question if drifts(rewrite, question, window) else rewrite


def visible_history(history: Sequence[Turn]) -> list[Turn]:
    """The turns that the model sees: the last few, without abstentions, which carry no information."""
    return [turn for turn in history[-HISTORY_TURNS:] if not turn.abstained]


def corrects_itself(question: str) -> bool:
    """Whether a question corrects itself: "When uh what did, no wait, who built it?"."""
    return bool(SELF_CORRECTION.search(question))


def clean_rewrite(reply: str) -> str:
    """The rewrite without what models add to it: labels, quotation marks, markers, further lines."""
    first_line = next((line for line in reply.strip().splitlines() if line.strip()), "")
    return PLAIN_MARKER.sub("", LABEL.sub("", first_line.strip())).strip().strip('"“”').strip()


def drifts(rewrite: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewrite is empty, far longer, an answer instead of a question, or full of new words."""
    if not rewrite or len(rewrite) > 3 * len(question) + 160:
        return True
    if question.rstrip().endswith(("?", "？")) and not rewrite.endswith(("?", "？")):
        return True
    known = content_words(" ".join([question, *(turn.text for turn in history)]))
    words = content_words(rewrite)
    return not words or len(words - known) > MAX_NEW_WORDS * len(words)
