"""The prompts, read from `dialogue/prompts`: what stays the same comes first, so that the engine's prefix cache pays.

A prompt is a system message, examples as turns, and one last turn with what is new. A model that was trained for the
task is asked in brief, without examples. Knows no engine.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from dialogue.conversation import Passage, Role, Turn
from dialogue.voice import Voice

LANGUAGES = ("en", "zh")
TURN_CHARACTERS = 240
"""A turn of the history is cut after so many characters in a prompt for rewriting."""

MARKER = re.compile(r"(?<!\s)\s*\[\d+\]")
"""Citations of earlier answers would only lead the model to copy them."""

SaidBy = tuple[str, str]
"""Who (`user` or `assistant`) and what."""


@dataclass(frozen=True, slots=True)
class RewritePrompt:
    """Asks for the standalone form of a follow-up question."""

    texts: dict[str, Any]
    trained: bool = False

    def messages(self, history: Sequence[Turn], question: str) -> list[BaseMessage]:
        said = [(turn.role.value, turn.text) for turn in history]
        return [*self._examples(), HumanMessage(self._ask(said, question))]

    def _examples(self) -> Iterable[BaseMessage]:
        if self.trained:
            yield SystemMessage(self.texts["brief"])
            return
        yield SystemMessage(self.texts["system"].strip())
        for example in self.texts["examples"]:
            yield HumanMessage(self._ask(example["history"], example["question"]))
            yield AIMessage(example["rewrite"])

    def _ask(self, said: Iterable[SaidBy], question: str) -> str:
        lines = "\n".join(self._line(role, text) for role, text in said)
        return str(self.texts["prompt"]).strip().format(history=lines, question=question)

    def _line(self, role: str, text: str) -> str:
        speaker = self.texts["user" if role == Role.USER else "assistant"]
        one_line = " ".join(MARKER.sub("", text).split())
        return str(self.texts["turn"]).format(speaker=speaker, text=one_line[:TURN_CHARACTERS])


@dataclass(frozen=True, slots=True)
class AnswerPrompt:
    """Asks for an answer from passages, or for the words NO ANSWER."""

    texts: dict[str, Any]
    voice: Voice
    trained: bool = False

    def messages(self, question: str, passages: Sequence[Passage]) -> list[BaseMessage]:
        shown = [(passage.title, passage.text) for passage in passages]
        return [*self._examples(), HumanMessage(self._ask(shown, question))]

    def _examples(self) -> Iterable[BaseMessage]:
        if self.trained:
            yield SystemMessage(self.texts["brief"])
            return
        yield SystemMessage(self.texts["system"].strip().format(name=self.voice.name, tone=self.voice.tone))
        for example in self.texts["examples"]:
            yield HumanMessage(self._ask(example["passages"], example["question"]))
            yield AIMessage(example["answer"])

    def _ask(self, passages: Iterable[Sequence[str]], question: str) -> str:
        lines = (
            str(self.texts["passage"]).format(n=n, title=title, text=" ".join(text.split()))
            for n, (title, text) in enumerate(passages, 1)
        )
        return str(self.texts["prompt"]).strip().format(passages="\n".join(lines), question=question)


def rewrite_prompt(language: str, *, trained: bool = False) -> RewritePrompt:
    """In the language, or in English where there is none of its own."""
    return RewritePrompt(_texts(language)["rewrite"], trained)


def answer_prompt(language: str, voice: Voice, *, trained: bool = False) -> AnswerPrompt:
    """In the language, or in English where there is none of its own."""
    return AnswerPrompt(_texts(language)["answer"], voice, trained)


@cache
def _texts(language: str) -> dict[str, Any]:
    name = language if language in LANGUAGES else LANGUAGES[0]
    return tomllib.loads((files("dialogue") / "prompt_templates" / f"{name}.toml").read_text("utf-8"))
