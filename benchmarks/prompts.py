"""Prompts for benchmarks of engines: pages of the handbook, with questions made from their headings.

They are not for evaluation, because the right answers are unknown; they serve to compare engines and to measure speed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from langchain_core.messages import BaseMessage

from bot.settings import Settings
from bot.voice import load_voice
from dialogue.conversation import Passage, Role, Turn
from dialogue.prompts import answer_prompt, rewrite_prompt

HANDBOOK = Settings.model_fields["knowledge_dir"].default
VOICE = Settings.model_fields["voice_file"].default
QUESTIONS = {"en": "What about {heading}?", "zh": "{heading}是怎样的？"}
OPENINGS = {"en": "I have a question about {title}.", "zh": "我想问一下{title}。"}
PASSAGES = 4
"""Sections of a page in the prompt for an answer: about 480 tokens, as in a real turn."""


@dataclass(frozen=True, slots=True)
class Page:
    """sections: the heading and text of each."""

    language: str
    title: str
    sections: tuple[tuple[str, str], ...]


def answer_prompts(count: int) -> list[list[BaseMessage]]:
    """Each about another page, or another section of a page."""
    return [_answer(page, number) for page, number in _topics(count)]


def rewrite_prompts(count: int) -> list[list[BaseMessage]]:
    """Each with a follow-up question that does not name its subject."""
    return [_rewrite(page, number) for page, number in _topics(count)]


def _topics(count: int) -> list[tuple[Page, int]]:
    """Pages with the section to ask about: the first section of every page, then the second, and so on."""
    found = list(pages())
    return [(found[n % len(found)], n // len(found)) for n in range(count)]


def pages() -> Iterator[Page]:
    for path in sorted(Path(HANDBOOK).glob("*/*.md")):
        title, *sections = re.split(r"^##? ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
        found = tuple(_section(section) for section in sections)
        yield Page(path.parent.name, title.splitlines()[0].strip(), found)


def page_passages(page: Page) -> list[Passage]:
    """The first sections of a page, as passages of a prompt."""
    return [
        Passage(n, f"{page.title}-{n}", f"{page.title} - {heading}", page.title, text, 0.5)
        for n, (heading, text) in enumerate(page.sections[:PASSAGES], 1)
    ]


def _section(text: str) -> tuple[str, str]:
    heading, _, body = text.partition("\n")
    return heading.strip(), body.strip()


def _question(page: Page, number: int) -> str:
    heading, _ = page.sections[number % len(page.sections)]
    return QUESTIONS[page.language].format(heading=heading)


def _answer(page: Page, number: int) -> list[BaseMessage]:
    return answer_prompt(page.language, load_voice(VOICE)).messages(
        _question(page, number), page_passages(page)
    )


def _rewrite(page: Page, number: int) -> list[BaseMessage]:
    opening = OPENINGS[page.language].format(title=page.title)
    first = page.sections[-1][1].splitlines()[0]
    said = ((Role.USER, opening), (Role.ASSISTANT, first))
    history = [Turn("", n, role, text, datetime.now(UTC)) for n, (role, text) in enumerate(said, 1)]
    return rewrite_prompt(page.language).messages(history, _question(page, number))
