"""From elements of HTML to the lines of a document: paragraphs, headings, lists, definitions, tables, code, notes."""

from collections.abc import Iterator

from bs4 import Tag
from bs4.element import NavigableString, PageElement, PreformattedString

from retrieval.documents import DocumentBuilder
from retrieval.loaders.docx_styles import numeral
from retrieval.loaders.html_inline import inline_text
from retrieval.loaders.html_notes import note_label
from retrieval.loaders.html_tables import is_layout, table_rows

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCK = frozenset(
    """
    address article aside blockquote body br center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main marquee menu ol optgroup option p pre
    section summary table tbody td tfoot th thead tr ul caption button
    """.split()  # noqa: SIM905
)
_BLOCKS = (
    "p",
    "div",
    "ul",
    "ol",
    "dl",
    "table",
    "pre",
    "section",
    "article",
    "details",
    "blockquote",
    "figure",
    *_HEADINGS,
)


_FORMS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


class MarkupReader:
    """Reads elements into `draft`. `level` is the last heading's; what opens on a click stands below it."""

    def __init__(self, draft: DocumentBuilder) -> None:
        self._draft = draft
        self._level = 1

    def read(self, tag: Tag, mark: str = "") -> str:
        """Adds what a block holds, `mark` before its first line. Returns the mark if there was none."""
        line = ""
        for child in tag.children:
            if isinstance(child, Tag) and _is_block(child):
                mark = self._close(line, mark)
                line = ""
                mark = self._read_block(child, mark)
            elif not isinstance(child, PreformattedString):
                line += _said(child)
        return self._close(line, mark)

    def _close(self, line: str, mark: str) -> str:
        if not line.strip():
            return mark
        self._draft.block(mark + line)
        return ""

    def _read_block(self, tag: Tag, mark: str) -> str:
        """Returns the mark that is still to be set before a line."""
        if label := note_label(tag):
            return f"{mark}{label}: "
        if tag.name in _HEADINGS and not _is_byline(tag):
            return self._heading(_HEADINGS[tag.name], tag, mark)
        if tag.name in ("summary", "button") or (
            tag.name == "dt" and inline_text(tag).rstrip().endswith(("?", "？"))
        ):
            self._draft.heading(min(self._level + 1, 6), inline_text(tag))
            return ""
        if tag.name == "pre":
            self._draft.verbatim(_code(tag))
            return ""
        if tag.name == "br":
            return mark
        if tag.name in ("ul", "ol", "menu", "dir"):
            return self._list(tag, mark)
        if tag.name == "dl":
            return self._definitions(tag, mark)
        if tag.name == "table":
            return self._table(tag, mark)
        return self.read(tag, mark)

    def _heading(self, level: int, tag: Tag, mark: str) -> str:
        text = inline_text(tag)
        if not text.strip():
            return mark
        self._level = level
        self._draft.heading(level, text)
        return ""

    def _list(self, tag: Tag, mark: str) -> str:
        for number, item in _numbered(tag):
            if item.name != "li":
                mark = self._read_block(item, mark)
                continue
            own = f"{numeral(number, _FORMS.get(str(tag.get('type')), ''))}. " if tag.name == "ol" else "- "
            self.read(item, own)
            mark = ""
        return mark

    def _definitions(self, tag: Tag, mark: str) -> str:
        """A term stands before the first line of its definition."""
        term = mark
        for item in tag.find_all(("dt", "dd")):
            if item.find_parent("dl") is not tag:
                continue
            if item.name == "dt" and (text := inline_text(item).strip()):
                if text.endswith(("?", "？")):
                    self._read_block(item, "")
                    term = ""
                else:
                    term = (
                        f"{term}{text.rstrip(':： ')}: "
                        if not term.strip(" :")
                        else f"{term.rstrip(': ')}, {text}: "
                    )
            elif item.name == "dd":
                term = self.read(item, term)
        if term.strip():
            self._draft.block(term.rstrip(": "))
        return ""

    def _table(self, tag: Tag, mark: str) -> str:
        if is_layout(tag):
            for row in tag.find_all(("caption", "th", "td")):
                if row.find_parent("table") is tag:
                    mark = self._read_block(row, mark)
            return mark
        if caption := tag.find("caption"):
            mark = self._close(inline_text(caption), mark)
        rows, heads = table_rows(tag)
        self._draft.table(rows, heads)
        return mark


def _is_block(tag: Tag) -> bool:
    """Elements of other names are part of a line, unless there are blocks in them."""
    return tag.name in _BLOCK or tag.find(_BLOCKS) is not None


def _is_byline(tag: Tag) -> bool:
    """Whether a heading element only names the author or the date, as DocBook's pages have it."""
    return not {"author", "editor", "corpauthor", "date", "pubdate", "revision", "subtitle"}.isdisjoint(
        tag.get("class") or []
    )


def _said(child: PageElement) -> str:
    return inline_text(child) if isinstance(child, Tag) else str(child)


def _numbered(tag: Tag) -> Iterator[tuple[int, Tag]]:
    number = _whole(tag.get("start"), 1) - 1
    for item in tag.find_all(True, recursive=False):
        if item.name == "li":
            number = _whole(item.get("value"), number + 1)
        yield number, item


def _whole(value: object, default: int) -> int:
    return int(value) if isinstance(value, str) and value.strip().lstrip("-").isdigit() else default


def _code(tag: Tag) -> str:
    """The text of a code block with its line breaks, without the marks of headings and buttons."""
    for line_break in tag.find_all("br"):
        line_break.replace_with(NavigableString("\n"))
    return tag.get_text()
