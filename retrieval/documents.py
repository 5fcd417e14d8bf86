"""A document as it was read: plain text, its headings with offsets, and a digest of all that.

Knows nothing of file formats, chunks or encoders.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from retrieval.sentences import Span
from retrieval.tables import Row, read_table

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ue000-\uf8ff]")
"""Also the private area, in which fonts keep pictures."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading line of a document: `text[start:]` begins with `title`. `level` is 1 for the highest."""

    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """What one file, or one entry of a FAQ file, says.

    source: the file's path within the ingested folder, with `#n` for the n-th entry of a file that holds
    many.
    text: paragraphs, list items, table rows and headings, one a line.
    """

    source: str
    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    rows: tuple[Span, ...] = ()
    """Lines of tables, in order, which are not to be cut: each names the columns of its cells."""
    notes: tuple[str, ...] = ()
    """What of the file could not be read, and why."""
    pages: tuple[int, ...] = ()
    """Where each page starts, for files that have pages."""
    hidden: tuple[Span, ...] = ()
    """Lines, in order, that repeat what other documents of the collection say at their edges; they are not indexed."""
    copy_of: str = ""
    """The source of the document that says the same and is indexed in its place."""

    @property
    def shown(self) -> str:
        """The text without what is hidden."""
        parts, at = [], 0
        for start, end in self.hidden:
            parts.append(self.text[at:start])
            at = end
        return "".join([*parts, self.text[at:]])

    def page_at(self, place: int) -> int | None:
        """The number of the page on which the character at `place` stands, from 1."""
        return bisect_right(self.pages, place) or None

    @property
    def digest(self) -> str:
        """SHA-256 of title, text and headings; two documents that say the same have the same."""
        content = hashlib.sha256()
        for part in (
            self.title,
            self.text,
            *(f"{h.level} {h.start}" for h in self.headings),
            *map(str, self.pages),
        ):
            content.update(part.encode() + b"\0")
        return content.hexdigest()


@dataclass(slots=True)
class DocumentBuilder:
    """A document being read: blocks of text in reading order."""

    lines: list[str] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    rows: list[Span] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    length: int = 0
    """Characters so far, line breaks included: where the next line starts."""

    def block(self, text: str) -> None:
        """Adds one line; runs of white space become one space, an empty block and a second of the same are left out."""
        line = _clean(text)
        if line and not (self.lines and self.lines[-1] == line):
            self._add(line)

    def heading(self, level: int, text: str) -> None:
        """Adds a heading, unless it only says again what the one directly above says."""
        title = _clean(text)
        above = self.headings[-1] if self.headings else None
        if title and not (above and above.title == title and above.start + len(title) + 1 == self.length):
            self.headings.append(Heading(level, title, self.length))
            self._add(title)

    def verbatim(self, text: str) -> None:
        """Adds text whose line breaks and indents mean something, as code."""
        code = _UNPRINTABLE.sub("", text).strip("\n").rstrip()
        if code:
            self._add(code)

    def table(self, rows: Sequence[Row], heads: int | None = None) -> None:
        """Adds a table, each row with the heads of its columns: `Product: X-33; Weight: 363 kg`.

        rows: the cells as they stand; a cell that spans rows is repeated in each, one that spans columns is followed
        by None for each further column. heads: how many of the first rows are heads; None: as many as look like it.
        """
        cells = [[cell and _UNPRINTABLE.sub(" ", cell) for cell in row] for row in rows]
        for line in read_table(cells, heads).lines():
            if row := _clean(line):
                self.rows.append((self.length, self.length + len(row)))
                self._add(row)

    def page(self) -> None:
        """What follows stands on the next page."""
        self.pages.append(self.length)

    def note(self, text: str) -> None:
        """Says what of the file could not be read, and why: `2 of 14 pages have no text`."""
        self.notes.append(text)

    def include(self, document: Document, below: int = 0) -> None:
        """Adds another document, its headings `below` levels lower."""
        start = self.length
        lower = (
            replace(heading, level=heading.level + below, start=heading.start + start)
            for heading in document.headings
        )
        self.headings += lower
        self.rows += [(first + start, last + start) for first, last in document.rows]
        self.notes += document.notes
        if document.text:
            self._add(document.text)

    def document(self, source: str, title: str | None = None) -> Document:
        """The finished document; without a given title, its first heading or the name of the file."""
        first = self.headings[0].title if self.headings else ""
        return Document(
            source,
            _clean(title or "") or first or readable_name(source),
            "\n".join(self.lines),
            tuple(self.headings),
            tuple(self.rows),
            tuple(self.notes),
            tuple(self.pages),
        )

    def _add(self, line: str) -> None:
        self.lines.append(line)
        self.length += len(line) + 1


def _clean(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", _INVISIBLE.sub("", text)).split())


def readable_name(source: str) -> str:
    """A readable name: `guides/first-steps.md` gives `first steps`, `offer.eml#prices.csv` gives `prices`."""
    part = source.rpartition("#")[2]
    stem = (part if "." in part else source).rsplit("/", 1)[-1].split(".", 1)[0]
    return stem.replace("_", " ").replace("-", " ").strip() or source
