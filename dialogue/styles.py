"""Instructions on how to answer: "in short", "in German please", "as a table". They are no questions of their own.

A message that holds nothing else asks the former question again, in that form; one that also asks something keeps its
question apart from the instruction.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dialogue.language import content_words
from dialogue.phrases import carriers, inside, language_named

CLAUSE = re.compile(r"(?<=[,:!?，；：！？。、])\s*|(?<=;)\s+|(?<=[.…])\s+|\n+")
ASKS = re.compile(r"[?？]|\b(?:what|how|when|where|who|which|why)\b", re.IGNORECASE)
MAX_CLAUSE_CHARACTERS = 120
"""A longer clause says more than how to answer."""


@dataclass(frozen=True, slots=True)
class StyledMessage:
    """question: empty if there is none. instruction: how to answer. language: the one that is asked for."""

    question: str
    instruction: str = ""
    language: str | None = None


def take_apart(text: str) -> StyledMessage:
    """The question in a message and the instruction on how to answer it."""
    clauses = [clause.strip() for clause in CLAUSE.split(text) if clause.strip()]
    instructions = [clause for clause in clauses if is_instruction(clause)]
    if not instructions:
        return StyledMessage(text)
    others = [clause for clause in clauses if clause not in instructions]
    language = _language(instructions)
    if any(map(ASKS.search, others)):
        return StyledMessage(" ".join(others).rstrip(",，、 "), " ".join(instructions), language)
    return StyledMessage("", text.strip(), language)


def is_instruction(clause: str) -> bool:
    """Whether a clause is nothing but an instruction on how to answer."""
    if len(clause) > MAX_CLAUSE_CHARACTERS:
        return False
    rest = inside("form").sub(" ", language_named().sub(" ", clause))
    return rest != clause and content_words(inside("tail").sub(" ", rest)) <= content_words(carriers())


def _language(instructions: Iterable[str]) -> str | None:
    """The language that is named last."""
    named = [match for clause in instructions for match in language_named().finditer(clause)]
    return named[-1].lastgroup if named else None
