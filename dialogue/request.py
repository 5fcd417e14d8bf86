"""What a message asks for: a question that stands alone, how to answer it, and the wordings to search for.

Some turns are no questions of their own and need no model: "in short", "in German please", "why?" and "can you answer
this?" ask the former question again. All others are rewritten where they need the conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.conversation import Turn
from dialogue.language import content_words
from dialogue.phrases import SURROUNDING, is_wholly
from dialogue.rewriting import Rewriter, former_question
from dialogue.standalone import is_specific, refers_back, standalone
from dialogue.styles import take_apart
from retrieval.sentences import sentences

MAX_ELLIPTIC_WORDS = 5
"""A message with more content words than these says what it is about."""
MAX_FORMER_CHARACTERS = 300
"""So much of the former question is put before a message."""


@dataclass(frozen=True, slots=True)
class Request:
    """question: stands alone. instruction: how to answer it, in the person's words. language: one that they ask for.

    context: the former question, where `question` could not be rewritten and may need it.
    """

    question: str
    searches: tuple[tuple[str, ...], ...]
    """The wordings of each thing that is asked; those of one thing are searched for together."""
    instruction: str = ""
    language: str | None = None
    context: str = ""

    @property
    def rewrite(self) -> str:
        """The whole message as one that stands alone."""
        return f"{self.question} {self.instruction}".strip()

    @property
    def in_context(self) -> str:
        """The question behind its context, as passages are compared with it."""
        return f"{self.context} {self.question}".strip()

    @property
    def asked(self) -> str:
        """The same with the instruction, as the model that answers reads it."""
        return f"{self.in_context} {self.instruction}".strip()


async def read_request(rewriter: Rewriter, history: Sequence[Turn], text: str, language: str) -> Request:
    """What `text`, after `history`, asks for. Raises EngineError."""
    former = former_question(history)
    styled = take_apart(text)
    if former and (text.strip(SURROUNDING) == "" or is_wholly("pointing", text)):
        return _request(former)
    if former and is_wholly("why", text):
        return _request(former, instruction=text.strip())
    if not styled.question and (former is None or not styled.instruction):
        return _request(text)
    if not styled.question and former:
        return _request(former, instruction=styled.instruction, language=styled.language)
    question = await rewriter.rewrite(history, styled.question, language)
    alone = standalone(history, styled.question)
    own = alone or styled.question
    before = former[:MAX_FORMER_CHARACTERS] if former and alone is None else ""
    unresolved = content_words(question) <= content_words(own)
    lacks_context = unresolved or refers_back(question) or not is_specific(own)
    wordings = searches(question, own, f"{before} {own}" if before and lacks_context else "")
    incomplete = refers_back(own) or not is_specific(own)
    elliptic = unresolved and incomplete and len(content_words(own)) <= MAX_ELLIPTIC_WORDS
    return Request(question, wordings, styled.instruction, styled.language, before if elliptic else "")


def _request(question: str, instruction: str = "", language: str | None = None) -> Request:
    return Request(question, searches(question, question), instruction, language)


def searches(question: str, own: str, in_context: str = "") -> tuple[tuple[str, ...], ...]:
    """What to search for: the question, in the person's own words too, and each one if there are several.

    in_context: the person's words behind the former question, in place of those words alone. They find what a rewrite
    lost (`docs/benchmarks.md`).
    """
    wordings = (question, in_context or (own if is_specific(own) else ""))
    parts = _questions(question)
    each = tuple((part,) for part in parts if is_specific(part)) if len(parts) > 1 else ()
    return (tuple(dict.fromkeys(filter(None, wordings))), *each)


def _questions(text: str) -> list[str]:
    """The sentences that end in a question mark."""
    asked = (text[start:end].strip() for start, end in sentences(text))
    return [sentence for sentence in asked if sentence.endswith(("?", "？", "؟"))]
