"""Lessons: a prompt, as the bot asks a trained model, and the reply that it should learn to give.

Knows the two tasks of the language model and their prompts; knows no model.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage

from dialogue.conversation import Passage
from dialogue.engines.messages import Message, template_messages
from dialogue.prompting import answer_prompt, rewrite_prompt
from dialogue.rewriting import shown
from dialogue.voice import Voice
from dialogue.words import content_words
from finetune.evaluation.history import turns
from finetune.examples import (
    Example,
    GivenPassage,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RewritingExample,
)
from finetune.training.replies import grounded_reply
from retrieval.chunking import estimate_tokens

BUDGETS = (160, 900)
"""Tokens of the passages in a lesson, drawn between these, so that a model learns to read few and many."""
RANKED = 0.5
"""Share of the lessons whose passages are ranked."""
NOBODY = Voice("", "", "en", {})
"""A trained model is asked without a name and a tone."""

Asked = GroundingExample | PreferenceExample | RatedExample
"""Examples with a question and passages."""


@dataclass(frozen=True, slots=True)
class Lesson:
    prompt: tuple[Message, ...]
    reply: str


def lessons(examples: Iterable[Example]) -> Iterator[Lesson]:
    """The lessons of rewriting and grounding examples, in their order; what teaches nothing is left out."""
    for example in examples:
        if isinstance(example, RewritingExample):
            yield rewriting_lesson(example)
        elif isinstance(example, GroundingExample) and (lesson := answering_lesson(example)):
            yield lesson


def rewriting_lesson(example: RewritingExample) -> Lesson:
    prompt = rewrite_prompt(example.language, trained=True)
    history = shown(turns(example.history))
    return _lesson(prompt.messages(history, example.question), example.rewrite)


def answering_lesson(example: GroundingExample) -> Lesson | None:
    """None where neither an answer nor an abstention is clearly right."""
    passages = in_lesson(example, example.evidence)
    reply = grounded_reply(example, passages)
    if reply is None:
        return None
    prompt = answer_prompt(example.language, NOBODY, trained=True)
    return _lesson(prompt.messages(example.question, passages), reply)


def in_lesson(example: Asked, evidence: Sequence[str]) -> tuple[Passage, ...]:
    """The passages that the lesson of `example` shows: in a prompt with a drawn budget, half of the time as a search
    would rank them, for so the bot will, and half of the time in any order, for the first is not always the one."""
    draw = random.Random(example.id)
    kept = _fitting(example.passages, evidence, draw.randint(*BUDGETS), draw)
    return _numbered(_ranked(kept, example.question) if draw.random() < RANKED else kept)


def in_prompt(
    passages: Sequence[GivenPassage], evidence: Sequence[str], room: int, draw: random.Random
) -> tuple[Passage, ...]:
    """Those that fit into so many tokens, evidence before all others, in a drawn order, numbered from 1."""
    return _numbered(_fitting(passages, evidence, room, draw))


def _fitting(
    passages: Sequence[GivenPassage], evidence: Sequence[str], room: int, draw: random.Random
) -> list[GivenPassage]:
    kept: list[GivenPassage] = []
    for passage in sorted(passages, key=lambda passage: passage.id not in evidence):
        cost = estimate_tokens(passage.text)
        if not kept or cost <= room:
            kept.append(passage)
            room -= cost
    draw.shuffle(kept)
    return kept


def _ranked(passages: Sequence[GivenPassage], question: str) -> list[GivenPassage]:
    """By how many of the question's words they hold, the most first."""
    asked = content_words(question)
    return sorted(
        passages, key=lambda passage: -len(asked & content_words(f"{passage.title} {passage.text}"))
    )


def _numbered(passages: Sequence[GivenPassage]) -> tuple[Passage, ...]:
    return tuple(
        Passage(n, passage.id, passage.title, passage.id, passage.text, 1.0)
        for n, passage in enumerate(passages, 1)
    )


def _lesson(messages: Sequence[BaseMessage], reply: str) -> Lesson:
    return Lesson(tuple(template_messages(messages)), reply)
