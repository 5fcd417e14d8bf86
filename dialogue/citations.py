"""Citations `[n]`: parsed from an answer, checked against the passages, resolved to the sentences that support them.

A passage supports a sentence if it contains enough of its words and all of its numbers. A sentence with a number that
is neither in the passages nor in the question is dropped. Markers follow the evidence: wrong ones are corrected,
missing ones added. If sentence and passage are in different scripts, only markers and numbers are compared.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialogue.conversation import Citation, Passage
from dialogue.language import CJK, content_words, numbers
from retrieval.sentences import sentences

MIN_SUPPORT = 0.5
"""Share of a sentence's words that a passage must contain to support it."""

MARKER = r"[\[【［]\s*\d+(?:\s*[,，、;；–-]\s*\d+)*\s*[\]】］]"
MARKERS = re.compile(rf"(?<!\s)\s*{MARKER}")
"""Markers in any form that a model writes: `[1]`, `[1, 2]`, `【1】`."""
PLAIN_MARKER = re.compile(r"(?<!\s)\s*\[\d+\]")
"""Markers in the form in which checked answers have them: `[1]`."""
DIGITS = re.compile(r"\d+")
END_OF_SENTENCE = re.compile(r"[.!?。！？:：;；]*$")
MARKER_AFTER_SENTENCE = re.compile(rf"([.!?。！？])(\s*(?:{MARKER}\s*)+)")
INLINE_ITEM = re.compile(r"(?<=[.:;。：；]) +- +(?=\S)")
"""Separates the items of a list that a model wrote on one line."""


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer with checked markers and their citations. Without citations nothing supports the answer."""

    text: str
    citations: tuple[Citation, ...]


def check_citations(text: str, passages: Sequence[Passage], question: str) -> CheckedAnswer:
    """Check an answer sentence by sentence, as the module describes."""
    checked = _CitationCheck(passages, question)
    normalized = INLINE_ITEM.sub("\n- ", _markers_inside(text.strip()))
    parts: list[str] = []
    previous_end = 0
    for start, end in sentences(normalized):
        gap, previous_end = normalized[previous_end:start], end
        sentence = checked.sentence(normalized[start:end])
        if sentence:
            parts.extend((gap if parts else "", sentence))
    return CheckedAnswer("".join(parts).strip(), checked.citations())


class _CitationCheck:
    """Checks one sentence after the other and collects the best quote from every cited passage."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        self._passages = passages
        self._question_numbers = numbers(question)
        self._known_numbers = self._question_numbers.union(
            *(numbers(f"{p.title} {p.text}") for p in passages)
        )
        self._words = {p.n: content_words(f"{p.title} {p.text}") for p in passages}
        self._quotes: dict[int, tuple[float, Citation]] = {}

    def sentence(self, sentence: str) -> str:
        """The sentence with the markers that the passages support; empty if it contains an invented number."""
        bare = MARKERS.sub("", sentence).strip()
        if not numbers(bare) <= self._known_numbers:
            return ""
        words = content_words(bare)
        marked = [p for p in self._passages if p.n in _marked(sentence)]
        cited = self._supporting(bare, words, marked)
        for passage in cited:
            self._quote(passage, words, bare)
        markers = "".join(f" [{passage.n}]" for passage in cited)
        end = END_OF_SENTENCE.search(bare)
        cut = end.start() if end else len(bare)
        return f"{bare[:cut]}{markers}{bare[cut:]}"

    def citations(self) -> tuple[Citation, ...]:
        return tuple(citation for _, (_, citation) in sorted(self._quotes.items()))

    def _supporting(self, bare: str, words: frozenset[str], marked: list[Passage]) -> list[Passage]:
        if not words:
            return []
        kept = [p for p in marked if self._support(p, words, bare) >= MIN_SUPPORT]
        best = max(self._passages, key=lambda p: self._support(p, words, bare), default=None)
        if not kept and best is not None and self._support(best, words, bare) >= MIN_SUPPORT:
            kept = [best]
        return kept or [p for p in marked if self._has_numbers(p, bare) and not _same_script(bare, p.text)]

    def _support(self, passage: Passage, words: frozenset[str], bare: str) -> float:
        return len(words & self._words[passage.n]) / len(words) if self._has_numbers(passage, bare) else 0.0

    def _has_numbers(self, passage: Passage, bare: str) -> bool:
        """Whether the passage, or the question, has all numbers of the sentence."""
        return numbers(bare) <= numbers(f"{passage.title} {passage.text}") | self._question_numbers

    def _quote(self, passage: Passage, words: frozenset[str], bare: str) -> None:
        quotes = [passage.text[start:end] for start, end in sentences(passage.text)] or [passage.text]
        overlap, quote = max((self._overlap(quote, words, bare), quote) for quote in quotes)
        known = self._quotes.get(passage.n)
        if known is None or overlap > known[0]:
            citation = Citation(passage.n, passage.chunk, passage.title, passage.source, quote)
            self._quotes[passage.n] = (overlap, citation)

    def _overlap(self, quote: str, words: frozenset[str], bare: str) -> float:
        own = content_words(quote)
        return len(own & words) + len(numbers(quote) & numbers(bare)) - 0.01 * len(own)


def _markers_inside(text: str) -> str:
    """Move markers that follow the end of a sentence before it, unless the text has them before its sentences."""
    if MARKERS.match(text):
        return text
    return MARKER_AFTER_SENTENCE.sub(lambda match: match.group(2).rstrip() + match.group(1) + " ", text)


def _marked(sentence: str) -> frozenset[int]:
    return frozenset(int(digits) for marker in MARKERS.findall(sentence) for digits in DIGITS.findall(marker))


def _same_script(first: str, second: str) -> bool:
    return _mostly_cjk(first) == _mostly_cjk(second)


def _mostly_cjk(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum(1 for character in letters if CJK.match(character)) * 3 > len(letters)


def markers(text: str) -> Iterable[int]:
    """The numbers of the passages cited in a text, in order of appearance."""
    return (int(digits) for marker in MARKERS.findall(text) for digits in DIGITS.findall(marker))
