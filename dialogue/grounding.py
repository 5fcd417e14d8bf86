"""Answers from passages and from nothing else, with citations, or abstains.

Retrieval-augmented generation (Lewis et al., NeurIPS 2020) that fails closed: no passage near enough, the model's own
NO ANSWER, or an answer that no passage supports lead to a quotation where a passage plainly speaks of the question, and
to an abstention everywhere else. Knows no store and no channel.
"""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel

from dialogue.citations import check_citations
from dialogue.conversation import Citation, Passage
from dialogue.language import content_words
from dialogue.prompts import answer_prompt
from dialogue.voice import Voice
from retrieval.chunking import estimate_tokens
from retrieval.sentences import Span, sentences

REFUSAL = "NO ANSWER"
MARKER_FIRST = re.compile(r"^\s*(?:\[\d*(?:\]\s*)?)?")
"""The prompt asks for the passage's number first, so a refusal may follow one."""
MAX_ANSWER_TOKENS = 240
"""Tokens of an answer at most."""
SCORE_IF_MISSING = 0.5
"""The cosine of a passage whose retriever gives none: near enough to show, and to quote if most words are there."""


@dataclass(frozen=True, slots=True)
class GroundingOptions:
    """passage_tokens: budget for all passages of a prompt. least_score: cosine below which a passage is not shown."""

    passage_tokens: int = 240
    least_score: float = 0.1


@dataclass(frozen=True, slots=True)
class GroundedReply:
    """What the person is told."""

    text: str
    citations: tuple[Citation, ...] = ()
    abstained: bool = False


class Grounder:
    """Answers with a chat model. `voice` gives tone and the wording of an abstention; a model that has learnt the task
    (`trained`) is asked in brief."""

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
        """The best documents that are near enough and fit the budget, numbered from 1; the first of them always fits.

        Reads `chunk`, `title`, `heading`, `source` and `score` of the metadata where they are there, so that any
        langchain retriever will do.
        """
        shown: list[Passage] = []
        room = self._grounding.passage_tokens
        for document in documents:
            passage = _passage(len(shown) + 1, document)
            if passage.score < self._grounding.least_score:
                continue
            cost = estimate_tokens(passage.text)
            if not shown or cost <= room:
                shown.append(passage)
                room -= cost
        return tuple(shown)

    async def stream(self, question: str, passages: Sequence[Passage], language: str) -> AsyncIterator[str]:
        """The model's answer, piece by piece; nothing where it refuses or there are no passages.

        Raises EngineError.
        """
        if not passages:
            return
        messages = answer_prompt(language, self._voice, trained=self._trained).messages(question, passages)
        held = ""
        async for chunk in self._engine.astream(messages, max_tokens=MAX_ANSWER_TOKENS):
            held += str(chunk.text)
            if not may_refuse(held):
                yield held
                held = ""
        if held.strip() and not refuses(held):
            yield held

    def reply(self, text: str, passages: Sequence[Passage], question: str, language: str) -> GroundedReply:
        """Checks the model's answer against the passages; an unsupported one becomes an abstention."""
        drafts = (None if refuses(text) else text, extractive_fallback(question, passages))
        for draft in filter(None, drafts):
            grounded = check_citations(draft, passages, question)
            if grounded.citations:
                return GroundedReply(grounded.text, grounded.citations)
        wording = self._voice.wording(language)
        return GroundedReply(f"{wording.abstention} {wording.handoff}", abstained=True)


def may_refuse(text: str) -> bool:
    """Whether a beginning may still turn out to be the refusal, so that it is held back from the person."""
    start = MARKER_FIRST.sub("", text).upper()
    return REFUSAL.startswith(start[: len(REFUSAL)])


def refuses(text: str) -> bool:
    """In capitals wherever it stands; otherwise "no answer" may be a document's own words."""
    return REFUSAL in text or text.lstrip().upper().startswith(REFUSAL)


def _passage(n: int, document: Document) -> Passage:
    about = document.metadata
    heading = str(about.get("heading") or "")
    title = " - ".join(part for part in (str(about.get("title") or ""), heading) if part)
    source = str(about.get("source", ""))
    return Passage(
        n=n,
        chunk=str(about.get("chunk") or document.id or source),
        title=title or source,
        source=source,
        text=_below(heading, document.page_content),
        score=float(about.get("score", SCORE_IF_MISSING)),
    )


def _below(heading: str, text: str) -> str:
    """The text without the line that repeats its heading."""
    last = heading.rsplit(" > ", 1)[-1]
    rest = text.removeprefix(last).lstrip()
    return rest if last and rest else text


MIN_FIT = 0.9
"""Least sum of a passage's cosine and half the share of the question's words that it holds. Of 118 questions each of
XQuAD's English training part, 2.5 % of those without an answer reach it and 59 % of those with one."""
MAX_QUOTE_TOKENS = 90
"""Tokens of a quotation at most."""


def extractive_fallback(question: str, passages: Sequence[Passage]) -> str | None:
    """The sentences of the passage that speak of the question, with its marker; None where no passage does."""
    words = content_words(question)
    best = max(passages, key=lambda passage: _fit(words, passage), default=None)
    if best is None or _fit(words, best) < MIN_FIT:
        return None
    return f"{_excerpt(words, best.text)} [{best.n}]"


def _fit(words: frozenset[str], passage: Passage) -> float:
    held = words & content_words(f"{passage.title} {passage.text}")
    return passage.score + len(held) / max(1, len(words)) / 2


def _excerpt(words: frozenset[str], text: str) -> str:
    """Whole sentences in their order, the most fitting first to be chosen, as many as there is room for."""
    spans = list(sentences(text))
    ranked = sorted(spans, key=lambda span: -len(words & content_words(text[slice(*span)])))
    room = MAX_QUOTE_TOKENS
    chosen: list[Span] = []
    for span in ranked:
        room -= estimate_tokens(text[slice(*span)])
        if chosen and room < 0:
            break
        chosen.append(span)
    return _joined(text, sorted(chosen))


def _joined(text: str, spans: Sequence[Span]) -> str:
    """The spans one after the other; what stood on a line of its own still does."""
    joined = ""
    for start, end in spans:
        gap = "\n" if text[:start].rstrip(" ").endswith("\n") else " "
        joined += f"{gap if joined else ''}{text[start:end]}"
    return joined
