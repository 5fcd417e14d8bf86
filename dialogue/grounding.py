"""Grounded answers: from the passages only, with citations, or an abstention.

Retrieval-augmented generation (Lewis et al., NeurIPS 2020) that fails closed. If no passage is relevant enough, the
model says NO ANSWER, or no passage supports its answer, `extractive_fallback` quotes a passage that clearly matches the
question; if there is none, the bot abstains.
"""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel

from dialogue.asking import ASK, may_ask_back, options_of, parse_question_back
from dialogue.citations import AnswerCheck, check_citations
from dialogue.conversation import Citation, Passage
from dialogue.extraction import extractive_fallback
from dialogue.prompts import answer_prompt, trained_answer_prompt
from dialogue.support import SupportCheck
from dialogue.voice import Voice
from retrieval.chunking import estimate_tokens

REFUSAL = "NO ANSWER"
LEADING_MARKER = re.compile(r"^\s*(?:\[\d*(?:\]\s*)?)?")
"""The prompt asks for the number of the passage first, so a refusal may follow a marker."""
MAX_ANSWER_TOKENS = 240
"""The longest answer."""
SCORE_IF_MISSING = 0.5
"""The score of a passage whose retriever gives none: enough to show it, and to quote it if most words match."""


@dataclass(frozen=True, slots=True)
class GroundingOptions:
    """passage_tokens: budget for all passages of a prompt. least_score: passages with a lower cosine are left out.

    least_answered: if a reader thinks it less likely that anything answers, the model is not asked.
    """

    passage_tokens: int = 240
    least_score: float = 0.1
    least_answered: float = 0.1


@dataclass(frozen=True, slots=True)
class GroundedReply:
    """A checked answer, or an abstention."""

    text: str
    citations: tuple[Citation, ...] = ()
    abstained: bool = False


class Grounder:
    """Answers with a chat model.

    voice: the tone, and the wording of an abstention. trained: the model was trained for the task, so its prompt is
    short.
    """

    def __init__(
        self,
        engine: BaseChatModel,
        voice: Voice,
        grounding: GroundingOptions | None = None,
        *,
        trained: bool = False,
    ) -> None:
        self._engine = engine
        self._trained = trained
        self._voice = voice
        self._grounding = grounding or GroundingOptions()

    def passages(self, documents: Iterable[Document]) -> tuple[Passage, ...]:
        """As `select_passages`, within this one's options."""
        return select_passages(documents, self._grounding)

    def may_answer(self, documents: Iterable[Document]) -> bool:
        """Whether one of the documents may answer, as far as a reader can tell: their metadata has `answered`."""
        least = self._grounding.least_answered
        return all(document.metadata.get("answered", 1.0) >= least for document in documents)

    def abstention(self, language: str) -> GroundedReply:
        """Says that the documents have no answer, and offers a human."""
        wording = self._voice.wording(language)
        return GroundedReply(f"{wording.abstention} {wording.handoff}", abstained=True)

    async def stream(
        self, question: str, passages: Sequence[Passage], language: str, message: str = ""
    ) -> AsyncIterator[str]:
        """The model's answer, sentence by sentence, once each is checked; nothing that no passage supports.

        Yields an empty string where the model wrote something that cannot be shown, or not yet.

        message: what the person wrote, where `question` is a rewrite of it; a trained model reads both. Raises
        EngineError.
        """
        if not passages:
            return
        if self._trained:
            messages = trained_answer_prompt().messages(question, passages, message)
        else:
            messages = answer_prompt(language, self._voice).messages(question, passages)
        check = AnswerCheck(passages, question)
        written, unread = "", ""
        async for chunk in self._engine.astream(messages, max_tokens=MAX_ANSWER_TOKENS):
            written += str(chunk.text)
            unread += str(chunk.text)
            if may_refuse(written) or refuses(written) or may_ask_back(written):
                yield ""
                continue
            yield check.add(unread)
            unread = ""
        if written.lstrip().startswith(ASK):
            yield asked_back(written, passages, question)
            return
        rest = "" if refuses(written) else check.add(unread)
        if shown := rest + check.finish():
            yield shown

    def reply(self, text: str, passages: Sequence[Passage], question: str, language: str) -> GroundedReply:
        """Check the model's answer against the passages; an unsupported one becomes an abstention."""
        if options_of(text):
            return GroundedReply(text)
        drafts = (
            None if refuses(text) else text,
            extractive_fallback(question, passages),
        )
        for draft in filter(None, drafts):
            grounded = check_citations(draft, passages, question)
            if grounded.citations:
                return GroundedReply(grounded.text, grounded.citations)
        return self.abstention(language)


def asked_back(written: str, passages: Sequence[Passage], question: str) -> str:
    """What the model asks back, as people see it, with the options that passages have; empty if fewer than two are."""
    asked = parse_question_back(written)
    if asked is None:
        return ""
    check = SupportCheck(passages, question)
    options = tuple(option for option in asked.options if check.supporting(option, frozenset()))
    return replace(asked, options=options).shown if len(options) > 1 and "\n" not in asked.question else ""


def select_passages(documents: Iterable[Document], options: GroundingOptions) -> tuple[Passage, ...]:
    """The relevant documents that fit the budget, numbered from 1; the first one always fits.

    Of the metadata `chunk`, `title`, `heading`, `source` and `score` are used, all optional, so that any langchain
    retriever will do.
    """
    selected: list[Passage] = []
    budget = options.passage_tokens
    for document in documents:
        passage = _passage(len(selected) + 1, document)
        if passage.score < options.least_score:
            continue
        cost = estimate_tokens(passage.text)
        if not selected or cost <= budget:
            selected.append(passage)
            budget -= cost
    return tuple(selected)


def may_refuse(text: str) -> bool:
    """Whether the beginning of an answer may still become a refusal, so that it must not be shown yet."""
    start = LEADING_MARKER.sub("", text).upper()
    return REFUSAL.startswith(start[: len(REFUSAL)])


def refuses(text: str) -> bool:
    """Whether the model refused: NO ANSWER in capitals anywhere, or in any case at the beginning."""
    return REFUSAL in text or text.lstrip().upper().startswith(REFUSAL)


def _passage(n: int, document: Document) -> Passage:
    about = document.metadata
    heading = str(about.get("heading") or "")
    title = " - ".join(part for part in (str(about.get("title") or ""), heading) if part)
    source = str(about.get("source", ""))
    page = about.get("page")
    text = _without_heading(heading, document.page_content)
    return Passage(
        n=n,
        chunk=str(about.get("chunk") or document.id or source),
        title=f"{title or source}, p. {page}" if page else title or source,
        source=source,
        text=text,
        score=float(about.get("score", SCORE_IF_MISSING)),
        evidence=tuple(part for part in about.get("evidence", ()) if part in text),
    )


def _without_heading(heading: str, text: str) -> str:
    """The text without the line that repeats the heading."""
    last = heading.rsplit(" > ", 1)[-1]
    rest = text.removeprefix(last).lstrip()
    return rest if last and rest else text
