"""Makes a follow-up question stand alone, so that it can be searched for.

The task of CANARD (Elgohary et al., EMNLP 2019), by a few examples in the prompt or by a trained adapter. A rewrite
that drifts falls back to the person's own words. Knows no retriever.
"""

import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from dialogue.conversation import Turn
from dialogue.language import content_words
from dialogue.prompts import rewrite_prompt

HISTORY_TURNS = 6
"""Turns of history that a rewrite looks at."""
MAX_REWRITE_TOKENS = 96
"""Tokens of a rewrite at most."""
NOVEL = 0.5
"""A rewrite drifts when more than this share of its words was said by nobody."""

SPEAKING = 3
"""Words of meaning that a question needs to be searched for as it is."""

MARKER = re.compile(r"(?<!\s)\s*\[\d+\]")
FALTERING = re.compile(
    r"\b(?:uh+|um+|er+|hmm|oh|actually|wait|sorry|w?hoops|my bad|never ?mind|scratch that|i meant?|rather|or more|"
    r"make that|not that|let me rephrase|better yet|instead)\b|(?<=\w) no (?!longer|more|one)|——|…|不对|等等|我是说",
    re.I,
)
POINTING = re.compile(
    r"^(?:and|but|so|or|what about|how about)\b|\b(?:it|its|this|that|these|those|they|them|their|ones?|he|him|"
    r"his|she|her)\b|[它他她这那]",
    re.I,
)
LABEL = re.compile(
    r"(?:(?:rewritten|last|standalone) (?:message|question)|question|customer|顾客|最后一句话|改写)\s*[:：]\s*",
    re.I,
)


class Rewriter:
    """Rewrites with a chat model; greedy decoding gives the same rewrite every time.

    trained: the model has learnt the task, so it is asked in brief, and also to smooth a question that corrects itself.
    second: is asked where a rewrite still points back, for a larger model that takes longer may see what is meant.
    """

    def __init__(
        self, engine: BaseChatModel, *, trained: bool = False, second: "Rewriter | None" = None
    ) -> None:
        self._engine = engine
        self._trained = trained
        self._second = second

    async def rewrite(self, history: Sequence[Turn], question: str, language: str) -> str:
        """The question in a form that needs no history, in the person's language; as it is where it stands alone.

        Raises EngineError.
        """
        if not (history or (self._trained and falters(question))):
            return question
        window = shown(history)
        messages = rewrite_prompt(language, trained=self._trained).messages(window, question)
        reply = await self._engine.ainvoke(messages, max_tokens=MAX_REWRITE_TOKENS)
        rewrite = tidy(str(reply.text))
        if self._second and history and (points_back(rewrite) or drifts(rewrite, question, window)):
            return await self._second.rewrite(history, question, language)
        return question if drifts(rewrite, question, window) else rewrite


def shown(history: Sequence[Turn]) -> list[Turn]:
    """The turns that the model sees: the last few without abstentions, which say nothing of the matter."""
    return [turn for turn in history[-HISTORY_TURNS:] if not turn.abstained]


def falters(question: str) -> bool:
    """Whether a question breaks off and starts again: "When uh what did, no wait, who built it?"."""
    return bool(FALTERING.search(question))


def points_back(question: str) -> bool:
    """Whether a question still needs what was said before: "And how long is it?"."""
    return bool(POINTING.search(question))


def tidy(reply: str) -> str:
    """The rewrite without what models put around it: labels, quotation marks, markers, further lines."""
    line = next((line for line in reply.strip().splitlines() if line.strip()), "")
    return MARKER.sub("", LABEL.sub("", line.strip())).strip().strip('"“”').strip()


def drifts(rewrite: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewrite is empty, far longer, answers instead of asking, or says what nobody said."""
    if not rewrite or len(rewrite) > 3 * len(question) + 160:
        return True
    if question.rstrip().endswith(("?", "？")) and not rewrite.endswith(("?", "？")):
        return True
    said = content_words(" ".join([question, *(turn.text for turn in history)]))
    words = content_words(rewrite)
    return not words or len(words - said) > NOVEL * len(words)


def speaks_for_itself(question: str) -> bool:
    """Whether the person's own wording helps a search beside its rewrite: "and the blue one?" only adds noise."""
    return len(content_words(question)) >= SPEAKING
