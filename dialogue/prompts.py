"""The prompts for rewriting and answering, built from the templates in `dialogue/prompt_templates`.

A prompt is a system message, examples as turns, and one last turn with the new part, in this order, so that the
engine's prefix cache helps. A model that was trained for the task gets a short prompt without examples.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from dialogue.citations import PLAIN_MARKER
from dialogue.conversation import Passage, Role, Turn
from dialogue.voice import Voice

LANGUAGES = ("en", "zh")
TURN_CHARACTERS = 240
"""Turns of the history are cut to this length in the prompt for rewriting."""

RoleAndText = tuple[str, str]
"""`user` or `assistant`, and the text."""


@dataclass(frozen=True, slots=True)
class RewritePrompt:
    """Asks for the standalone form of a follow-up question."""

    texts: dict[str, Any]
    trained: bool = False

    def messages(self, history: Sequence[Turn], question: str) -> list[BaseMessage]:
        turns = [(turn.role.value, turn.text) for turn in history]
        return [*self._examples(), HumanMessage(self._ask(turns, question))]

    def _examples(self) -> Iterable[BaseMessage]:
        if self.trained:
            yield SystemMessage(self.texts["brief"])
            return
        yield SystemMessage(self.texts["system"].strip())
        for example in self.texts["examples"]:
            yield HumanMessage(self._ask(example["history"], example["question"]))
            yield AIMessage(example["rewrite"])

    def _ask(self, turns: Iterable[RoleAndText], question: str) -> str:
        lines = "\n".join(self._line(role, text) for role, text in turns)
        return str(self.texts["prompt"]).strip().format(history=lines, question=question)

    def _line(self, role: str, text: str) -> str:
        speaker = self.texts["user" if role == Role.USER else "assistant"]
        # Markers of earlier answers are left out, because models copy them.
        one_line = " ".join(PLAIN_MARKER.sub("", text).split())
        return str(self.texts["turn"]).format(speaker=speaker, text=one_line[:TURN_CHARACTERS])


@dataclass(frozen=True, slots=True)
class AnswerPrompt:
    """Asks for an answer from the passages, or for the words NO ANSWER."""

    texts: dict[str, Any]
    voice: Voice
    trained: bool = False

    def messages(self, question: str, passages: Sequence[Passage]) -> list[BaseMessage]:
        passage_texts = [(passage.title, passage.text) for passage in passages]
        return [*self._examples(), HumanMessage(self._ask(passage_texts, question))]

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
    """The prompt in `language`, or in English if there is no template for it."""
    return RewritePrompt(_texts(language)["rewrite"], trained)


def answer_prompt(language: str, voice: Voice, *, trained: bool = False) -> AnswerPrompt:
    """The prompt in `language`, or in English if there is no template for it."""
    return AnswerPrompt(_texts(language)["answer"], voice, trained)


def fixed_beginnings(task: str, voice: Voice, *, trained: bool = False) -> list[list[BaseMessage]]:
    """What all prompts for `rewrite` or `answer` begin with: a prompt without a conversation in each language.

    The language of the voice comes first. An engine that keeps what it has read is given them before the first person.
    """
    languages = sorted(LANGUAGES, key=lambda language: language != voice.default_language)
    if task == "rewrite":
        return [rewrite_prompt(language, trained=trained).messages((), "?") for language in languages]
    return [answer_prompt(language, voice, trained=trained).messages("?", ()) for language in languages]


@cache
def _texts(language: str) -> dict[str, Any]:
    name = language if language in LANGUAGES else LANGUAGES[0]
    return tomllib.loads((files("dialogue") / "prompt_templates" / f"{name}.toml").read_text("utf-8"))
