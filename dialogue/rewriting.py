"""Rewrites a follow-up question into a standalone one that can be searched for.

The task of CANARD (Elgohary et al., EMNLP 2019), done with a few examples in the prompt or with a trained adapter. If a
rewrite drifts, the person's own words are used.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from langchain_core.language_models import BaseChatModel

from dialogue.citations import PLAIN_MARKER
from dialogue.conversation import Role, Turn
from dialogue.language import content_words
from dialogue.phrases import LETTER, is_wholly, whole
from dialogue.prompts import rewrite_prompt
from dialogue.standalone import refers_back, standalone
from retrieval.sentences import sentences

HISTORY_TURNS = 6
"""Turns of history that the rewriter reads."""
MAX_REWRITE_TOKENS = 96
"""The longest rewrite."""
MAX_NEW_WORDS = 0.5
"""A rewrite drifts if more than this share of its words appears nowhere in the conversation."""
MIN_OWN_WORDS = 0.25
"""A rewrite drifts if it keeps less than this share of the person's words; of people's rewrites 2 in 100 do."""

SELF_CORRECTION = re.compile(
    r"\b(?:uh+|um+|er+|hmm|oh|actually|wait|sorry|w?hoops|my bad|never ?mind|scratch that|i meant?|rather|or more|"
    r"make that|not that|let me rephrase|better yet|instead)\b|(?<=\w) no (?!longer|more|one)|——|…|不对|等等|我是说",
    re.I,
)
CORRECTION = re.compile(
    rf"\W*(?:(?:oh|ah|hm+|ach|oops|argh|ok)\W+)*(?:{whole('correction').pattern})(?!{LETTER})", re.I
)
"""How a message begins that corrects the one before it: only what is corrected has to be kept of its words."""
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
        if self._second and history and (refers_back(rewrite) or drifts(rewrite, question, history)):
            return await self._second.rewrite(history, question, language)
        return question if drifts(rewrite, question, history) else rewrite


def visible_history(history: Sequence[Turn]) -> list[Turn]:
    """What the model sees of the last few turns: questions as they were understood, and what answers could cite.

    Abstentions, small talk and sentences without a source are left out, so that a rewrite takes nothing from them.
    """
    window = list(history[-HISTORY_TURNS:])
    seen = (
        _understood(turn, following) if turn.role is Role.USER else _supported(turn)
        for turn, following in zip_longest(window, window[1:])
    )
    return [turn for turn in seen if turn is not None and turn.text]


def _understood(question: Turn, following: Turn | None) -> Turn | None:
    """The user's turn as it was searched for, which the answer to it knows."""
    if _is_small_talk(question.text):
        return None
    query = following.query if following and following.role is Role.ASSISTANT else None
    return replace(question, text=query) if query else question


def _supported(answer: Turn) -> Turn | None:
    """The answer's sentences that cite something, or all of them if none does."""
    if answer.abstained or (answer.query and _is_small_talk(answer.query)):
        return None
    cited = [sentence for sentence in _sentences(answer.text) if PLAIN_MARKER.search(sentence)]
    return replace(answer, text=" ".join(cited)) if cited else answer


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def former_question(history: Sequence[Turn]) -> str | None:
    """The last question before, as it was understood; None if there was none but small talk."""
    for turn in reversed(history):
        said = turn.query if turn.role is Role.ASSISTANT else turn.text
        if said and not _is_small_talk(said):
            return said
    return None


def _is_small_talk(text: str) -> bool:
    return is_wholly("greeting", text) or is_wholly("thanks", text)


def corrects_itself(question: str) -> bool:
    """Whether a question corrects itself: "When uh what did, no wait, who built it?"."""
    return bool(SELF_CORRECTION.search(question))


def clean_rewrite(reply: str) -> str:
    """The rewrite without what models add to it: labels, quotation marks, markers, further lines."""
    first_line = next((line for line in reply.strip().splitlines() if line.strip()), "")
    return PLAIN_MARKER.sub("", LABEL.sub("", first_line.strip())).strip().strip('"“”').strip()


def drifts(rewrite: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewrite is no question, far longer, full of new words, or lacks the person's own."""
    if not rewrite or len(rewrite) > 3 * len(question) + 160:
        return True
    if question.rstrip().endswith(("?", "？")) and not rewrite.endswith(("?", "？")):
        return True
    said = " ".join(f"{turn.text} {turn.query or ''}" for turn in history if not turn.abstained)
    known, words = content_words(f"{question} {said}"), content_words(rewrite)
    return (
        not words
        or len(words - known) > MAX_NEW_WORDS * len(words)
        or _drops_question(words, question, history)
    )


def _drops_question(words: frozenset[str], question: str, history: Sequence[Turn]) -> bool:
    """Whether the rewrite, `words`, asks the former question again in place of the new one."""
    own = content_words(question)
    if len(own) < 2 or CORRECTION.match(question):
        return False
    if len(own & words) < MIN_OWN_WORDS * len(own):
        return True
    former = content_words(former_question(history) or "")
    return words <= former and not own <= former
