"""Quotes the documents where the model would not answer although they plainly speak of what was asked.

Small models refuse too often. A passage that is near the question and holds most of its words is shown in its own words
instead; anything less stays an abstention. Knows no model.
"""

from collections.abc import Sequence

from dialogue.conversation import Passage
from dialogue.words import content_words
from retrieval.chunking import estimate_tokens
from retrieval.sentences import Span, sentences

PLAIN = 0.9
"""Least sum of a passage's cosine and half the share of the question's words that it holds. Of 118 questions each of
XQuAD's English training part, 2.5 % of those without an answer reach it and 59 % of those with one."""
LONGEST = 90
"""Tokens of a quotation at most."""


def quotation(question: str, passages: Sequence[Passage]) -> str | None:
    """The sentences of the passage that speak of the question, with its marker; None where no passage does."""
    words = content_words(question)
    best = max(passages, key=lambda passage: _fit(words, passage), default=None)
    if best is None or _fit(words, best) < PLAIN:
        return None
    return f"{_excerpt(words, best.text)} [{best.n}]"


def _fit(words: frozenset[str], passage: Passage) -> float:
    held = words & content_words(f"{passage.title} {passage.text}")
    return passage.score + len(held) / max(1, len(words)) / 2


def _excerpt(words: frozenset[str], text: str) -> str:
    """Whole sentences in their order, the most fitting first to be chosen, as many as there is room for."""
    spans = list(sentences(text))
    ranked = sorted(spans, key=lambda span: -len(words & content_words(text[slice(*span)])))
    room = LONGEST
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
