"""What the lines of a PDF's pages are: running heads, contents, headings, paragraphs, list items.

Reads blocks in reading order and adds what they say to a document, page by page.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from retrieval.documents import DocumentBuilder
from retrieval.loaders.pdf_layout import Block, TextLine
from retrieval.tables import Row

_LARGER = 1.12
_TITLE_SIZE = 1.35
_LONGEST_HEADING = 140
_MOST_BOLD = 0.3
_MARGIN_LINES = 3
_RUNNING = 0.4
_FEWEST_PAGES = 3
_FEWEST_NUMBERED = 2
_NUMBERED_LINE = re.compile(r"#\W+\D+|\D+\W#|# .{2,60} #")
_MOSTLY_NUMBERED = 0.4
_FULL_LINE = 0.85
_HALF_LINE = 0.5
_MOST_HEADING_LINES = 4
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:(?:page|seite|p\.|s\.|página|pagina)\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|\||of|von|de|sur|/)\s*\d{1,4})?[\W_]*|第\s*\d+\s*页.*",
    re.IGNORECASE,
)
_BLANK_PAGE = re.compile(
    r"\W*(?:t?his )?page (?:is |was |has been )?(?:intentionally )?(?:left )?blank(?: intentionally)?\W*|"
    r"\W*(?:diese )?seite (?:wurde |ist )?(?:absichtlich |bewusst )?(?:leer|frei)(?: gelassen)?\W*|"
    r"\W*此页(?:有意)?留空\W*",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"\s*(?:\.\s?){4,}\s*|\s*(?:…\s?){2,}\s*|\s*(?:·\s?){4,}\s*|\s*_{6,}\s*")
_DOTS = re.compile(r"(?:\s*[.·…_]){3,}\s*$")
_CONTENTS_LINE = re.compile(r".*?(?:(?:[.·…]\s?){4,}|…\s?[.·…]?)\s*(\d{1,4}|[ivxlc]{1,6})\s*", re.IGNORECASE)
_CONTENTS = re.compile(
    r"(?:table of )?contents|inhalt(?:sverzeichnis)?|sommaire|table des mati[èe]res|[íi]ndice|contenido|目\s*[录錄次]|"
    r"list of (?:figures|tables)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?:[•●○▪■◦–—*➢✓❑☐□-]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
_BULLET = re.compile(r"^[•●○▪■◦➢❑·\uf0b7\uf0a7]\s*")
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})*\.?\s+[^\W\d_]{2,}")
_WORDS = re.compile(r"(?:\S+\s+){5}")
"""As many as a sentence has."""
_SENTENCE = re.compile(rf"{_WORDS.pattern}.*[^?.。][.!。！]")
_ENDS = re.compile(r"[.!?。！？:：;；]['\"”’)\]）」]*$")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-$")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the file's outline. level: 1 for the highest."""

    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a file. body: the size of most text; levels: of the larger sizes; bold: whether it marks headings."""

    body: float
    levels: Mapping[float, int]
    bold: bool

    @classmethod
    def of(cls, pages: Sequence[Sequence[Block]]) -> "Type":
        lines = [block for page in pages for block in page if isinstance(block, TextLine)]
        weights: Counter[float] = Counter()
        for line in lines:
            weights[_rounded(line.size)] += len(line.text)
        body = weights.most_common(1)[0][0] if weights else 0.0
        larger = sorted(
            {_rounded(line.size) for line in lines if _may_head(line) and line.size > _LARGER * body},
            reverse=True,
        )
        levels = {size: min(level, 5) for level, size in enumerate(_merged(larger), 1)}
        bold = sum(len(line.text) for line in lines if line.bold) < _MOST_BOLD * sum(weights.values())
        return cls(body, levels, bold)

    def level_of(self, line: TextLine) -> int | None:
        """The level of a line that its type makes a heading."""
        if not _may_head(line):
            return None
        sizes = [size for size in self.levels if line.size >= size - 0.3]
        if sizes:
            return self.levels[max(sizes)]
        if self.bold and line.bold:
            return min(max(self.levels.values(), default=0) + 1, 6)
        return None


class PageReader:
    """Adds pages to `draft`. bookmarks: of each page; running: lines of the margins that repeat."""

    def __init__(
        self,
        draft: DocumentBuilder,
        type: Type,
        bookmarks: Mapping[int, Sequence[Bookmark]],
        running: set[str],
    ) -> None:
        self._draft = draft
        self._type = type
        self._bookmarks = bookmarks
        self._running = running
        self._deepest = max((mark.level for marks in bookmarks.values() for mark in marks), default=0)
        self._paragraph: list[TextLine] = []
        self._turned = 0

    def read(self, number: int, blocks: Sequence[Block]) -> None:
        """The blocks of a page; a paragraph may go on from the page before."""
        blocks = without_contents(without_running(blocks, self._running))
        self._turn(blocks)
        waiting = {_plain(mark.title): mark for mark in self._bookmarks.get(number, ())}
        at = 0
        while at < len(blocks):
            block = blocks[at]
            if isinstance(block, TextLine):
                following = takewhile(lambda other: isinstance(other, TextLine), blocks[at + 1 : at + 6])
                at += self._line(block, [line for line in following if isinstance(line, TextLine)], waiting)
            else:
                self.close()
                self._draft.table([[cell and _DOTS.sub("", cell) for cell in row] for row in block])
                at += 1

    def close(self) -> None:
        """Ends the paragraph."""
        if self._paragraph:
            text = _BULLET.sub("- ", _joined(self._paragraph))
            self._draft.block(_LEADERS.sub(": ", text).removesuffix(": ").removeprefix(": "))
        self._paragraph = []
        for _ in range(self._turned):
            self._draft.page()
        self._turned = 0

    def _turn(self, blocks: Sequence[Block]) -> None:
        """Begins a page; one on which a paragraph goes on begins where that ends."""
        self._turned += 1
        first = blocks[0] if blocks else None
        last = self._paragraph[-1] if self._paragraph else None
        if (
            last is None
            or not isinstance(first, TextLine)
            or _ENDS.search(last.text)
            or not _goes_on(last, first)
        ):
            self.close()

    def _line(self, line: TextLine, following: Sequence[TextLine], waiting: dict[str, Bookmark]) -> int:
        """Adds a line, or the several lines of one heading; returns how many."""
        if self._paragraph and not _goes_on(self._paragraph[-1], line):
            self.close()
        if mark := _bookmark_of(line.text, waiting):
            self.close()
            self._draft.heading(mark.level, line.text)
            return 1
        level = None if self._paragraph else self._type.level_of(line)
        if level is not None:
            lines = [
                line,
                *takewhile(lambda other: self._type.level_of(other) == level, _near(line, following)),
            ]
            text = _joined(lines)
            if _is_heading(text, lines, following, level in self._type.levels.values()):
                self._draft.heading(min(level + self._deepest, 6), text)
                return len(lines)
        self._paragraph.append(line)
        return 1


def _near(line: TextLine, following: Sequence[TextLine]) -> Iterator[TextLine]:
    """The lines below in the same type, one directly below the other."""
    for other in following:
        gap = other.top - line.bottom
        if not -0.7 * line.size < gap < 0.6 * line.size or abs(other.size - line.size) > 0.08 * line.size:
            return
        if _NUMBERED.match(other.text) or _ITEM.match(other.text):
            return
        yield other
        line = other


def _is_heading(text: str, lines: Sequence[TextLine], following: Sequence[TextLine], larger: bool) -> bool:
    """Whether lines in larger or bold type are a heading, not a paragraph of it."""
    if (
        len(text) > _LONGEST_HEADING
        or len(lines) > _MOST_HEADING_LINES
        or text[-1] in ",;-"
        or text[0].islower()
    ):
        return False
    below = following[len(lines) - 1] if len(following) >= len(lines) else None
    goes_on = (
        below is not None and below.text[:1].islower() and below.top - lines[-1].bottom < 0.6 * below.size
    )
    if (goes_on and (not larger or (_WORDS.match(text) and text[-1] not in "?？"))) or _SENTENCE.fullmatch(
        text
    ):
        return False
    return larger or text[-1] not in ".。:："


def running_lines(pages: Sequence[Sequence[Block]]) -> set[str]:
    """The lines at the edges of pages that stand on many of them, page numbers apart."""
    if len(pages) < _FEWEST_PAGES:
        return set()
    seen: Counter[str] = Counter()
    for blocks in pages:
        seen.update({_pattern(line.text) for line in _margins(blocks)})
    least = max(_FEWEST_PAGES, _RUNNING * len(pages) / 2)
    return {
        text
        for text, count in seen.items()
        if count >= (_FEWEST_NUMBERED if _NUMBERED_LINE.fullmatch(text) else least)
    }


def without_running(blocks: Sequence[Block], running: set[str]) -> list[Block]:
    """The blocks without running heads, page numbers and words on pages that are blank."""
    edge = set(map(id, _margins(blocks)))
    return [
        block
        for block in blocks
        if not (
            id(block) in edge
            and isinstance(block, TextLine)
            and (
                _pattern(block.text) in running
                or _PAGE_NUMBER.fullmatch(block.text)
                or _BLANK_PAGE.fullmatch(block.text)
            )
        )
    ]


def without_contents(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without the lines of a table of contents, which lead to a page's number, and its heading."""
    heads = [
        n
        for n, block in enumerate(blocks)
        if isinstance(block, TextLine) and _CONTENTS.fullmatch(block.text.strip())
    ]
    if heads and _numbered_share(blocks[heads[0] + 1 :]) >= _MOSTLY_NUMBERED:
        return list(blocks[: heads[0]])
    entries = [_is_contents_entry(block) for block in blocks]
    if sum(entries) < 3 and not any(
        entry and not isinstance(block, TextLine) for entry, block in zip(entries, blocks, strict=True)
    ):
        return list(blocks)
    return [block for n, block in enumerate(blocks) if not entries[n] and n not in heads]


def _numbered_share(blocks: Sequence[Block]) -> float:
    """How many of the lines and rows end with a number or have a cell of one."""
    texts = [
        [block.text] if isinstance(block, TextLine) else [cell or "" for cell in row]
        for block in blocks
        for row in ([()] if isinstance(block, TextLine) else block)
    ]
    return sum(any(re.search(r"(?:^|\s)\d{1,4}$", text) for text in line) for line in texts) / max(
        len(texts), 1
    )


def _is_contents_entry(block: Block) -> bool:
    return (
        bool(_CONTENTS_LINE.fullmatch(block.text))
        if isinstance(block, TextLine)
        else _is_contents_table(block)
    )


def _is_contents_table(block: Sequence[Row]) -> bool:
    entries = sum(
        bool(re.fullmatch(r"(?:.*[.·…]\s*)?(?:\d{1,4}|[ivxlc]+)", (row[-1] or "").strip())) for row in block
    )
    dotted = sum("...." in (cell or "").replace(" ", "") for row in block for cell in row)
    return entries >= 0.7 * len(block) and dotted >= 0.4 * len(block)


def title_line(blocks: Sequence[Block], body: float) -> str:
    """The largest type in the upper part of a first page, where it is far larger than the text."""
    lines = [
        block
        for block in blocks
        if isinstance(block, TextLine) and _may_head(block) and not _BLANK_PAGE.fullmatch(block.text)
    ]
    largest = max((line.size for line in lines), default=0.0)
    first = next((n for n, line in enumerate(lines) if line.size > 0.97 * largest), 0)
    if largest < _TITLE_SIZE * body or not lines:
        return ""
    text = _joined([lines[first], *_near(lines[first], lines[first + 1 : first + _MOST_HEADING_LINES])])
    return text if len(text) <= _LONGEST_HEADING else ""


def _margins(blocks: Sequence[Block]) -> list[TextLine]:
    """The topmost and the lowest lines of a page."""
    lines = sorted((block for block in blocks if isinstance(block, TextLine)), key=lambda line: line.top)
    return [*lines[:_MARGIN_LINES], *lines[max(_MARGIN_LINES, len(lines) - _MARGIN_LINES) :]]


def _pattern(text: str) -> str:
    return re.sub(r"\d+", "#", " ".join(text.split()).casefold())


def _bookmark_of(text: str, waiting: dict[str, Bookmark]) -> Bookmark | None:
    """The bookmark that a line is the target of; each is found once."""
    said = _plain(text)
    return waiting.pop(said, None) if said else None


def _plain(text: str) -> str:
    return re.sub(r"^[\d.\s]+|\W+", "", text).casefold()


def _may_head(line: TextLine) -> bool:
    letters = sum(character.isalpha() for character in line.text)
    return (
        letters >= 2
        and len(line.text) <= _LONGEST_HEADING
        and letters >= 0.4 * len(line.text)
        and not _BULLET.match(line.text)
    )


def _goes_on(last: TextLine, line: TextLine) -> bool:
    """Whether a line belongs to the paragraph that ends with `last`."""
    if _HYPHEN.search(last.text) and line.text[:1].islower() and not _ITEM.match(line.text):
        return True
    if _ITEM.match(line.text) or abs(line.size - last.size) > 0.15 * max(line.size, last.size):
        return False
    new_column = line.top < last.top
    if not new_column and line.top - last.bottom > 0.75 * line.size:
        return False
    if line.text[:1].islower() or (not new_column and line.bold != last.bold and line.bold):
        return line.text[:1].islower()
    width = last.column_right - last.column_left
    indented = line.left - last.left > 0.8 * line.size and not _ITEM.match(last.text)
    if _ENDS.search(last.text):
        return last.right - last.column_left >= _FULL_LINE * width and not indented
    return last.right - last.left >= _HALF_LINE * width


def _joined(lines: Sequence[TextLine]) -> str:
    """The lines of a paragraph as one; a word cut by a hyphen is made whole."""
    text = lines[0].text
    for line in lines[1:]:
        if _HYPHEN.search(text) and line.text[:1].islower():
            text = text[:-1] + line.text
        elif text[-1:] >= "\u2e80" and line.text[:1] >= "\u2e80":
            text += line.text
        else:
            text = f"{text} {line.text}"
    return text


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _merged(sizes: Sequence[float]) -> Iterator[float]:
    """Sizes from the largest, without those that hardly differ from the one before."""
    last = None
    for size in sizes:
        if last is None or last - size > 0.06 * last:
            yield size
            last = size
