"""Cuts a document into chunks: along its headings, then along its sentences, within a budget of tokens.

A chunk is a slice of the document, `document.text[chunk.start:chunk.end] == chunk.text`, so that a citation
can be shown where it stands. Knows no encoder and no generator: tokens are estimated, so the chunks of a
document are the same whatever reads them.
"""

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from retrieval.documents import Document, Heading
from retrieval.sentences import Span, sentences

_TOKEN = re.compile(r"[^\W\d_\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]{1,7}|\d{1,3}|\S")
_PATH = " > "
_CLAUSE = re.compile(r"[^\s，、]+[，、]?|[，、]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, the unit that is found and cited.

    id: names its content for ever (source, heading and text), so that old logs still point to it after a new
    ingest.
    heading: the titles above it, outermost first, joined with ` > `; the document's own title is left out.
    start, end: offsets into the text of the document.
    page: the page on which it starts, where the file has pages.
    """

    id: str
    source: str
    title: str
    heading: str
    start: int
    end: int
    text: str
    page: int | None = None

    @property
    def embedded(self) -> str:
        """What the encoder and the keyword index read: the text below those of its titles that it does not hold."""
        own = set(self.text.splitlines())
        above = (self.title, *self.heading.split(_PATH))
        return "\n".join([*(line for line in above if line and line not in own), self.text])


@dataclass(frozen=True, slots=True)
class Chunking:
    """How files are read and cut. budget: most tokens of a chunk; least: a shorter section joins the next one.

    reading: the edition of how files are read; where it differs from a snapshot's, all files are read again.
    faq_columns: the heads of columns that hold questions and answers, as far as their names do not say so.
    """

    budget: int = 160
    least: int = 24
    reading: int = 3
    faq_columns: tuple[tuple[str, str], ...] = ()

    def chunks(self, document: Document) -> Iterator[Chunk]:
        """The chunks of a document in reading order; what is not white space lies in exactly one of them.

        What is hidden lies in none, nor does a heading whose text is hidden; a copy of another document has none.
        """
        seen: Counter[str] = Counter()
        for heading, (start, end) in self._sections(document) if not document.copy_of else ():
            for left, right in _shown(document, start, end):
                if document.hidden and _says_headings_alone(document, left, right):
                    continue
                for span in self._packed(document.text, self._blocks(document, left, right)):
                    yield _chunk(document, heading, span, seen)

    def _sections(self, document: Document) -> Iterator[tuple[str, Span]]:
        """Heading path and span of every section; what is too short to stand alone joins what follows it.

        Of several that are joined, the one that says most names them, the last one where they say equally much.
        """
        waiting: list[tuple[int, str, int]] = []
        for heading, (start, end) in _sections(document):
            shown = (document.text[slice(*span)] for span in _shown(document, start, end))
            waiting.append((sum(map(estimate_tokens, shown)), heading, start))
            if sum(tokens for tokens, *_ in waiting) >= self.least or end >= len(document.text):
                yield max(reversed(waiting), key=itemgetter(0))[1], (waiting[0][2], end)
                waiting = []

    def _blocks(self, document: Document, start: int, end: int) -> Iterator[Span]:
        """The rows of tables, whole, and the pieces of what stands between them."""
        for left, right in document.rows[_first_row(document, start) : _first_row(document, end)]:
            yield from self._pieces(document.text, start, left)
            yield left, right
            start = right
        yield from self._pieces(document.text, start, end)

    def _pieces(
        self, text: str, start: int, end: int, cuts: Sequence[Callable[[str], Iterable[Span]]] = ()
    ) -> Iterator[Span]:
        """Sentences within the budget; a longer one is cut into clauses, and those into tokens."""
        cut, *finer = cuts or (sentences, _clauses, _tokens)
        for left, right in cut(text[start:end]):
            if finer and estimate_tokens(text[start + left : start + right]) > self.budget:
                yield from self._pieces(text, start + left, start + right, finer)
            else:
                yield start + left, start + right

    def _packed(self, text: str, pieces: Iterable[Span]) -> Iterator[Span]:
        """As many neighbouring pieces in one span as the budget takes."""
        first = last = spent = 0
        for left, right in pieces:
            cost = estimate_tokens(text[left:right])
            if spent and spent + cost > self.budget:
                yield first, last
                spent = 0
            first, last, spent = (first if spent else left), right, spent + cost
        if spent:
            yield first, last


def estimate_tokens(text: str) -> int:
    """About how many tokens a model reads: one for an ideograph, one for up to 7 letters of a word."""
    return sum(1 for _ in _TOKEN.finditer(text))


def _tokens(text: str) -> Iterator[Span]:
    return (found.span() for found in _TOKEN.finditer(text))


def _clauses(text: str) -> Iterator[Span]:
    return (found.span() for found in _CLAUSE.finditer(text))


def _first_row(document: Document, place: int) -> int:
    """The position among the document's rows of the first that starts at `place` or after it."""
    return bisect_left(document.rows, place, key=itemgetter(0))


def _shown(document: Document, start: int, end: int) -> Iterator[Span]:
    """What lies between two offsets, without what is hidden."""
    for left, right in document.hidden:
        if start <= left < end:
            yield start, left
            start = right
    yield start, end


def _says_headings_alone(document: Document, start: int, end: int) -> bool:
    titles = [heading.title for heading in document.headings if start <= heading.start < end]
    lines = document.text[start:end].strip("\n")
    return not lines or lines.split("\n") == titles


def _sections(document: Document) -> Iterator[tuple[str, Span]]:
    """The text before the first heading, then one section a heading, with the path of titles above it."""
    starts = [0, *(heading.start for heading in document.headings), len(document.text)]
    path: list[Heading] = []
    for heading, span in zip((None, *document.headings), pairwise(starts), strict=True):
        if heading is not None:
            path = [above for above in path if above.level < heading.level] + [heading]
        titles = (above.title for above in path if above.title != document.title)
        yield _PATH.join(titles), span


def _chunk(document: Document, heading: str, span: Span, seen: Counter[str]) -> Chunk:
    """`seen` counts equal texts within the document, so that a repeated paragraph gets an id of its own."""
    text = document.text[slice(*span)]
    content = "\0".join((document.source, heading, text))
    seen[content] += 1
    digest = hashlib.sha256(f"{content}\0{seen[content]}".encode()).hexdigest()
    page = document.page_at(span[0])
    return Chunk(digest[:24], document.source, document.title, heading, *span, text, page)
