"""The sentence of a passage that best matches a question, and the one that carries a sentence of the answer.

Knows words and sentences, no model, so that it costs no time.
"""

from collections.abc import Mapping, Sequence

from dialogue.conversation import Passage
from dialogue.language import content_words
from dialogue.quantities import quantities
from retrieval.sentences import Span, sentences

ENDINGS = tuple('.!?。！？；…"”’」』）)')
"""How a whole sentence ends; a heading or the cell of a table does not."""


def best_quote(question: str, text: str) -> str:
    """The sentence of `text` with most of the question's words; among equals a whole sentence, then the first."""
    words = content_words(question)
    spans = list(sentences(text))
    best = max(spans, key=lambda span: _match(words, text[slice(*span)]), default=(0, 0))
    return text[slice(*best)]


def _match(words: frozenset[str], sentence: str) -> tuple[int, bool]:
    return len(words & content_words(sentence)), sentence.endswith(ENDINGS)


def carrying(answer: str, passage: Passage) -> tuple[float, str]:
    """The sentence of a passage that carries a sentence of an answer, and how much of it.

    Its numbers count twice, the more common words of the passage less; parts that a reader marked come before others.
    """
    quotes = [passage.text[start:end] for start, end in sentences(passage.text)] or [passage.text]
    own = [content_words(quote) for quote in quotes]
    words = content_words(answer)
    weights = {
        word: 1 / sum(word in each for each in own) for word in words if any(word in each for each in own)
    }
    values = [one.values for one in quantities(answer)]
    return max(
        (_weight(quote, each, weights, values) + _is_evidence(quote, passage) / 2, quote)
        for quote, each in zip(quotes, own, strict=True)
    )


def _weight(
    quote: str, words: frozenset[str], weights: Mapping[str, float], values: Sequence[frozenset[str]]
) -> float:
    stated = frozenset[str]().union(*(one.values for one in quantities(quote, every=True)))
    found = sum(1 for value in values if value & stated)
    return sum(weights.get(word, 0) for word in words) + 2 * found - 0.01 * len(words)


def _is_evidence(quote: str, passage: Passage) -> bool:
    return any(quote in part or part in quote for part in passage.evidence)


def with_neighbours(quote: str, text: str, characters: int) -> str:
    """The quote and as many of the sentences around it as fit into so many characters."""
    spans = list(sentences(text))
    at = text.find(quote)
    inside = [n for n, span in enumerate(spans) if at >= 0 and _overlap(span, (at, at + len(quote)))]
    if not inside:
        return text[:characters]
    first, last = inside[0], inside[-1]
    while wider := _widened(spans, first, last, characters):
        first, last = wider
    return text[spans[first][0] : spans[last][1]][:characters]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _widened(spans: list[Span], first: int, last: int, characters: int) -> tuple[int, int] | None:
    """One sentence more, the following one if it fits, else the one before; None if neither does."""
    for left, right in ((first, last + 1), (first - 1, last)):
        if left >= 0 and right < len(spans) and spans[right][1] - spans[left][0] <= characters:
            return left, right
    return None
