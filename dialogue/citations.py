"""Citations `[n]`: parsed from an answer, checked against the passages, mapped to the sentences that support them.

A sentence is supported by a passage that holds enough of its words and all of its numbers; a number that neither the
passages nor the question hold is made up, and its sentence is left out. Markers follow the evidence: a wrong one is
corrected, a missing one is added. Where a sentence and a passage are in different scripts, words cannot be compared
and only markers and numbers count.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialogue.conversation import Citation, Passage
from dialogue.language import CJK, content_words, numbers
from retrieval.sentences import sentences

SUPPORT = 0.5
"""Share of a sentence's words that a passage must hold to support it."""

MARKER = r"[\[【［]\s*\d+(?:\s*[,，、;；–-]\s*\d+)*\s*[\]】］]"
MARKERS = re.compile(rf"(?<!\s)\s*{MARKER}")
DIGITS = re.compile(r"\d+")
END = re.compile(r"[.!?。！？:：;；]*$")
LONE_MARKER = re.compile(rf"([.!?。！？])(\s*(?:{MARKER}\s*)+)")


ITEM = re.compile(r"(?<=[.:;。：；]) +- +(?=\S)")
"""Between the items of a list that a model wrote on one line."""


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer with checked markers, and what they stand for. No citations: nothing supports the answer."""

    text: str
    citations: tuple[Citation, ...]


def check_citations(text: str, passages: Sequence[Passage], question: str) -> CheckedAnswer:
    """Checks an answer sentence by sentence; see the module."""
    checked = _CitationCheck(passages, question)
    tidy = ITEM.sub("\n- ", _markers_inside(text.strip()))
    parts: list[str] = []
    before = 0
    for start, end in sentences(tidy):
        gap, before = tidy[before:start], end
        sentence = checked.sentence(tidy[start:end])
        if sentence:
            parts.extend((gap if parts else "", sentence))
    return CheckedAnswer("".join(parts).strip(), checked.citations())


class _CitationCheck:
    """Collects, sentence by sentence, the best quote for every passage that is cited."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        self._passages = passages
        self._asked = numbers(question)
        self._known = self._asked.union(*(numbers(f"{p.title} {p.text}") for p in passages))
        self._words = {p.n: content_words(f"{p.title} {p.text}") for p in passages}
        self._quotes: dict[int, tuple[float, Citation]] = {}

    def sentence(self, sentence: str) -> str:
        """The sentence with the markers that the passages bear out; empty if it holds a made-up number."""
        said = MARKERS.sub("", sentence).strip()
        if not numbers(said) <= self._known:
            return ""
        words = content_words(said)
        marked = [p for p in self._passages if p.n in _marked(sentence)]
        cited = self._supporting(said, words, marked)
        for passage in cited:
            self._quote(passage, words, said)
        markers = "".join(f" [{passage.n}]" for passage in cited)
        end = END.search(said)
        cut = end.start() if end else len(said)
        return f"{said[:cut]}{markers}{said[cut:]}"

    def citations(self) -> tuple[Citation, ...]:
        return tuple(citation for _, (_, citation) in sorted(self._quotes.items()))

    def _supporting(self, said: str, words: frozenset[str], marked: list[Passage]) -> list[Passage]:
        if not words:
            return []
        kept = [p for p in marked if self._support(p, words, said) >= SUPPORT]
        best = max(self._passages, key=lambda p: self._support(p, words, said), default=None)
        if not kept and best is not None and self._support(best, words, said) >= SUPPORT:
            kept = [best]
        return kept or [p for p in marked if self._holds(p, said) and not _same_script(said, p.text)]

    def _support(self, passage: Passage, words: frozenset[str], said: str) -> float:
        return len(words & self._words[passage.n]) / len(words) if self._holds(passage, said) else 0.0

    def _holds(self, passage: Passage, said: str) -> bool:
        """Whether it has all the numbers."""
        return numbers(said) <= numbers(f"{passage.title} {passage.text}") | self._asked

    def _quote(self, passage: Passage, words: frozenset[str], said: str) -> None:
        quotes = [passage.text[start:end] for start, end in sentences(passage.text)] or [passage.text]
        overlap, quote = max((self._overlap(quote, words, said), quote) for quote in quotes)
        known = self._quotes.get(passage.n)
        if known is None or overlap > known[0]:
            citation = Citation(passage.n, passage.chunk, passage.title, passage.source, quote)
            self._quotes[passage.n] = (overlap, citation)

    def _overlap(self, quote: str, words: frozenset[str], said: str) -> float:
        own = content_words(quote)
        return len(own & words) + len(numbers(quote) & numbers(said)) - 0.01 * len(own)


def _markers_inside(text: str) -> str:
    """The text with the markers that follow a sentence moved before its end, unless markers precede sentences."""
    if MARKERS.match(text):
        return text
    return LONE_MARKER.sub(lambda match: match.group(2).rstrip() + match.group(1) + " ", text)


def _marked(sentence: str) -> frozenset[int]:
    return frozenset(int(digits) for marker in MARKERS.findall(sentence) for digits in DIGITS.findall(marker))


def _same_script(first: str, second: str) -> bool:
    return _mostly_cjk(first) == _mostly_cjk(second)


def _mostly_cjk(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum(1 for character in letters if CJK.match(character)) * 3 > len(letters)


def markers(text: str) -> Iterable[int]:
    """The numbers cited in a text, in order of appearance."""
    return (int(digits) for marker in MARKERS.findall(text) for digits in DIGITS.findall(marker))
