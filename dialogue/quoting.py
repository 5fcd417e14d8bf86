"""Quotes the documents where the model would not answer although they plainly speak of what was asked.

Small models refuse too often. A passage that is near the question and holds nearly all of its words is shown in its
own words instead; anything less stays an abstention. Knows no model.
"""

from collections.abc import Sequence

from dialogue.conversation import Passage
from dialogue.words import content_words
from retrieval.chunking import estimate_tokens
from retrieval.sentences import Span, sentences

NEAR = 0.45
"""Least cosine of a passage that is quoted."""
COVERED = 0.8
"""Least share of the question's words that it holds."""
LONGEST = 90
"""Tokens of a quotation at most."""


def quotation(question: str, passages: Sequence[Passage]) -> str | None:
    """The sentences of the passage that speak of the question, with its marker; None where no passage does."""
    words = content_words(question)
    best = max(passages, key=lambda passage: (_covered(words, passage), passage.score), default=None)
    if best is None or not words or best.score < NEAR or _covered(words, best) < COVERED:
        return None
    return f"{_excerpt(words, best.text)} [{best.n}]"


def _covered(words: frozenset[str], passage: Passage) -> float:
    return len(words & content_words(f"{passage.title} {passage.text}")) / max(1, len(words))


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
    return " ".join(text[slice(*span)] for span in sorted(chosen))
