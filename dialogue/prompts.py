"""The prompts for rewriting and answering, built from the templates in `dialogue/prompt_templates`.

A prompt is a system message, examples as turns, and one last turn with the new part, in this order, so that the
engine's prefix cache helps. A model that was trained for the task gets a short prompt without examples.
"""

import re
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
from retrieval.language_detection import language_name

LANGUAGES = ("en", "zh")
TURN_CHARACTERS = 240
"""Turns of the history are cut to this length in the prompt for rewriting."""

MOST_OF_MESSAGE = 400
"""The person's own message is cut to this length."""
PROMPT_LINE = re.compile(r"\[\d+\]|(?:Message|Question):")
"""How lines of the prompt for a trained model begin."""

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
    named: str = ""
    """The language to answer in, where it is not that of the template."""

    def messages(self, question: str, passages: Sequence[Passage]) -> list[BaseMessage]:
        passage_texts = [(passage.title, passage.text) for passage in passages]
        asked = f"{question}\n\nAnswer in {self.named}." if self.named else question
        return [*self._examples(), HumanMessage(self._ask(passage_texts, asked))]

    def _examples(self) -> Iterable[BaseMessage]:
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


@dataclass(frozen=True, slots=True)
class TrainedAnswerPrompt:
    """Asks a model that was trained to answer. It is the same in all languages, and passages keep their lines.

    The reply has the number of its passage before each sentence, is NO ANSWER, or asks back (`dialogue/asking.py`).
    """

    texts: dict[str, Any]

    def messages(self, question: str, passages: Sequence[Passage], message: str = "") -> list[BaseMessage]:
        """message: what the person wrote, where `question` is a rewrite of it."""
        shown = "\n\n".join(
            str(self.texts["passage"]).format(n=p.n, title=_on_one_line(p.title), text=_lines(p.text))
            for p in passages
        )
        own = _on_one_line(message)[:MOST_OF_MESSAGE]
        told = str(self.texts["message"]).format(message=own) if own and own != question else ""
        prompt = str(self.texts["prompt"]).strip()
        ask = prompt.format(passages=shown, message=told, question=_on_one_line(question))
        return [SystemMessage(self.texts["brief"]), HumanMessage(ask)]


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """The lines that hold something; none of them looks like a passage's number or the question."""
    kept = (line.rstrip() for line in text.splitlines() if line.strip())
    return "\n".join(f" {line}" if PROMPT_LINE.match(line) else line for line in kept)


def rewrite_prompt(language: str, *, trained: bool = False) -> RewritePrompt:
    """The prompt in `language`, or in English if there is no template for it."""
    return RewritePrompt(_texts(language)["rewrite"], trained)


def answer_prompt(language: str, voice: Voice) -> AnswerPrompt:
    """The prompt in `language`; where there is no template for it, in English with the language named."""
    named = "" if language in LANGUAGES else language_name(language)
    return AnswerPrompt(_texts(language)["answer"], voice, named)


def trained_answer_prompt() -> TrainedAnswerPrompt:
    """The prompt for a model that was trained to answer."""
    return TrainedAnswerPrompt(_texts("trained")["answer"])


def fixed_beginnings(task: str, voice: Voice, *, trained: bool = False) -> list[list[BaseMessage]]:
    """What all prompts for `rewrite` or `answer` begin with: a prompt without a conversation in each language.

    The language of the voice comes first; a model that was trained to answer is asked alike in all. An engine that
    keeps what it has read is given them before the first person.
    """
    languages = sorted(LANGUAGES, key=lambda language: language != voice.default_language)
    if task == "rewrite":
        return [rewrite_prompt(language, trained=trained).messages((), "?") for language in languages]
    if trained:
        return [trained_answer_prompt().messages("?", ())]
    return [answer_prompt(language, voice).messages("?", ()) for language in languages]


@cache
def _texts(language: str) -> dict[str, Any]:
    name = language if language in (*LANGUAGES, "trained") else LANGUAGES[0]
    return tomllib.loads((files("dialogue") / "prompt_templates" / f"{name}.toml").read_text("utf-8"))
