"""The sentence of a passage that best matches a question: what a person sees before the answer is written.

Knows words and sentences, no model, so that it costs no time.
"""

from dialogue.language import content_words
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
