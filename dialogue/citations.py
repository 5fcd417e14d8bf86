"""Citations `[n]`: an answer is checked sentence by sentence against the passages, while it is written.

A sentence that no passage supports is left out, so that nothing unchecked is shown. Markers follow the evidence: wrong
ones are corrected, missing ones added. Each citation quotes the sentence of its passage that supports the answer best.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialogue.conversation import Citation, Passage
from dialogue.language import content_words, numbers
from dialogue.plain_text import plain
from dialogue.quotes import carrying
from dialogue.segments import MARKERS, Segment, SegmentReader
from dialogue.support import SupportCheck

PLAIN_MARKER = re.compile(r"(?<!\s)\s*\[\d+\]")
"""Markers in the form in which checked answers have them: `[1]`."""
DIGITS = re.compile(r"\d+")
END_OF_SENTENCE = re.compile(r"(?<![\s.!?。！？:：;；])[\s.!?。！？:：;；]*$")
_LEAD_IN = re.compile(r"[:：]$")


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer with checked markers and their citations. Without citations nothing supports the answer."""

    text: str
    citations: tuple[Citation, ...]


class AnswerCheck:
    """Checks an answer while it is written, and collects the best quote from every cited passage."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        self._support = SupportCheck(passages, question)
        self._asked = content_words(question)
        self._passages = passages
        self._texts = [passage.text for passage in passages]
        self._reader = SegmentReader()
        self._held: list[Segment] = []
        self._breaks_line = False
        self._quotes: dict[int, tuple[float, Citation]] = {}
        self.text = ""
        """What was checked so far, and may be shown."""

    def add(self, text: str) -> str:
        """What may be shown after the next piece of the answer: empty until a sentence is complete and supported."""
        return self._checked(self._reader.add(text))

    def finish(self) -> str:
        """What may be shown of the rest, after the end of the answer."""
        return self._checked(self._reader.finish())

    @property
    def answer(self) -> CheckedAnswer:
        """What was checked so far, with its citations."""
        return CheckedAnswer(self.text, tuple(citation for _, (_, citation) in sorted(self._quotes.items())))

    def _checked(self, segments: Iterable[Segment]) -> str:
        before = len(self.text)
        for segment in segments:
            self._check(segment)
        return self.text[before:]

    def _check(self, segment: Segment) -> None:
        """Show the sentence if a passage supports it, and what introduces it."""
        if segment.is_code:
            self._check_code(segment)
            return
        bare = plain(MARKERS.sub("", segment.text).strip(), self._texts)
        asks = bare.endswith(
            ("?", "？")
        )  # such as the question again, which models ask if the passages say nothing
        cited = [] if asks else self._support.supporting(bare, frozenset(markers(segment.text)))
        if cited:
            self._show(bare, cited, segment.gap)
        elif not asks and self._introduces(bare):
            self._held.append(Segment(segment.gap, bare))
        else:
            self._breaks_line |= any("\n" in one.gap for one in (*self._held, segment))
            self._held.clear()

    def _check_code(self, segment: Segment) -> None:
        """Show a block of code as it stands if a passage has all of its lines, after what introduces it."""
        lines = [" ".join(line.split()) for line in segment.text.split("\n")[1:] if line.strip(" `~")]
        source = next(
            (p for p in self._passages if all(line in " ".join(p.text.split()) for line in lines)), None
        )
        if source is None or not lines:
            self._held.clear()
            return
        for one in (*self._held, segment):
            self.text += (one.gap if self.text else "") + one.text
        self._held.clear()
        if source.n not in self._quotes:
            self._quotes[source.n] = (0.0, _citation(source, lines[0]))
            self.text += f"\n[{source.n}]"

    def _show(self, bare: str, cited: Sequence[Passage], gap: str) -> None:
        for passage in cited:
            self._quote(passage, bare)
        shown = Segment(gap, _with_markers(bare, [passage.n for passage in cited]))
        for one in (*self._held, shown):
            gap = "\n" if self._breaks_line and "\n" not in one.gap else one.gap
            self.text += (gap if self.text else "") + one.text
            self._breaks_line = False
        self._held.clear()

    def _introduces(self, bare: str) -> bool:
        """Whether a sentence claims nothing by itself, such as "Yes." or "There are two ways:"."""
        if numbers(bare):
            return False
        return bool(_LEAD_IN.search(bare)) or len(content_words(bare) - self._asked) <= 1

    def _quote(self, passage: Passage, bare: str) -> None:
        """Keep the sentence of the passage that carries this one, if it carries more than the one kept."""
        overlap, quote = carrying(bare, passage)
        known = self._quotes.get(passage.n)
        if known is None or overlap > known[0]:
            self._quotes[passage.n] = (overlap, _citation(passage, quote))


def _citation(passage: Passage, quote: str) -> Citation:
    return Citation(passage.n, passage.chunk, passage.title, passage.source, quote)


def check_citations(text: str, passages: Sequence[Passage], question: str) -> CheckedAnswer:
    """Check a whole answer, as the module describes."""
    check = AnswerCheck(passages, question)
    check.add(text)
    check.finish()
    return check.answer


def markers(text: str) -> Iterable[int]:
    """The numbers of the passages cited in a text, in order of appearance."""
    return (int(digits) for marker in MARKERS.findall(text) for digits in DIGITS.findall(marker))


def _with_markers(bare: str, cited: Iterable[int]) -> str:
    end = END_OF_SENTENCE.search(bare)
    cut = end.start() if end else len(bare)
    return f"{bare[:cut]}{''.join(f' [{n}]' for n in cited)}{bare[cut:]}"
