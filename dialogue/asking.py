"""The form in which a model asks back which of several things the person means.

    ASK: Which one do you mean?
    - the Cedar
    - the Birch

The first line holds the question, each further line one option. What does not have this form is an answer.
"""

import re
from dataclasses import dataclass

ASK = "ASK:"
_OPTION = re.compile(r"^\s*[-*•]\s+(?P<option>\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class QuestionBack:
    """A question to the person, and what they may choose from."""

    question: str
    options: tuple[str, ...]

    @property
    def shown(self) -> str:
        """As people see it."""
        return "\n".join((self.question, *(f"- {option}" for option in self.options)))

    def __str__(self) -> str:
        """As a model writes it."""
        return "\n".join((f"{ASK} {self.question}", *(f"- {option}" for option in self.options)))


def parse_question_back(text: str) -> QuestionBack | None:
    """What a model asks back; None for an answer, and for a question with fewer than two options."""
    first, _, rest = text.strip().partition("\n")
    options = tuple(dict.fromkeys(match["option"] for match in _OPTION.finditer(rest)))
    question = first.removeprefix(ASK).strip()
    if not first.startswith(ASK) or not question or len(options) < 2:
        return None
    return QuestionBack(question, options)


def options_of(answer: str) -> tuple[str, ...]:
    """The options of a question back as people see it: a question, and below it a list of at least two options.

    Checked answers never begin with a question, so that the text alone says it, also when it is read again later.
    """
    first, _, rest = answer.strip().partition("\n")
    lines = rest.split("\n")
    if not first.endswith(("?", "？")) or len(lines) < 2 or not all(map(_OPTION.fullmatch, lines)):
        return ()
    return tuple(line.strip()[1:].strip() for line in lines)


def may_ask_back(text: str) -> bool:
    """Whether the beginning of a model's text is, or may still become, a question back."""
    start = text.lstrip()
    return start.startswith(ASK) or ASK.startswith(start)
