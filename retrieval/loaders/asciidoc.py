"""AsciiDoc: sections, lists, tables, code, notes and what stands within a line, read line by line.

Attributes are filled in, comments, conditions and settings of the page left out; other files are never included.
"""

import re
from collections.abc import Iterator

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders.asciidoc_inline import inline_text
from retrieval.loaders.asciidoc_tables import table_cells
from retrieval.loaders.front_matter import split_front_matter
from retrieval.loaders.template_tags import without_template_tags
from retrieval.loaders.text import decoded

_COMMENT_BLOCK = re.compile(r"^////+[ \t]*\n.*?^////+[ \t]*$\n?", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?")
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):[ \t]*(.*)")
_SETTING = re.compile(
    r"(?:ifdef|ifndef|ifeval|endif|include|toc)::.*|toc::\[\]|//(?!/).*|\[\[[^\]]*\]\]|'{3,}|<{3,}|\[#[^\]]*\]"
)
_BLOCK_STYLE = re.compile(r"\[([^\[\]]*)\]")
_TITLE = re.compile(r"\.([^\s.].*)")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|--|```+\w*|[|,:!]={3,})")
_NOTE = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+(.*)", re.DOTALL)
_NOTES = frozenset({"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"})
_BULLET = re.compile(r"[ \t]*(\*{1,6}|-)[ \t]+(.*)")
_NUMBER = re.compile(r"[ \t]*(\.{1,6}|\d{1,3}\.|[a-z]\.)[ \t]+(.*)")
_TERM = re.compile(r"[ \t]*(\S.*?)(?::{2,4}|;;)(?:[ \t]+(.*))?")
_CALLOUT = re.compile(r"<(\d+|\.)>[ \t]+(.*)")
_CALLOUT_MARK = re.compile(r"[ \t]*(?://|#|--|;;)?[ \t]*<(?:\d+|\.)>|[ \t]*<!--\d+-->")
_IMAGE = re.compile(r"(?:image|video|audio)::[^\[]*\[([^\]]*)\]")


def load_asciidoc(content: bytes, source: str) -> Iterator[Document]:
    """One document, titled by its first heading, or by front matter."""
    front, text = split_front_matter(decoded(content, source))
    draft = DocumentBuilder()
    read_asciidoc(without_template_tags(text, front.values), draft)
    yield draft.document(source, front.title or None)


def read_asciidoc(text: str, draft: DocumentBuilder) -> None:
    """Adds what a piece of AsciiDoc shows."""
    AsciiDocReader(draft, {}).read(_COMMENT_BLOCK.sub("", text).splitlines())


class AsciiDocReader:
    """Reads lines into `draft`. attributes: the values of names in braces, as the text sets them."""

    def __init__(self, draft: DocumentBuilder, attributes: dict[str, str]) -> None:
        self._draft = draft
        self._attributes = attributes
        self._paragraph: list[str] = []
        self._mark = ""
        self._numbers: dict[str, int] = {}
        self._style = ""

    def read(self, lines: list[str]) -> None:
        at = 0
        while at < len(lines):
            line = lines[at].rstrip()
            opening = _DELIMITER.fullmatch(line)
            if opening and (end := _closing(lines, at, opening.group(1))) > at:
                self._close()
                self._delimited(opening.group(1), lines[at + 1 : end])
                at = end
            else:
                self._line(line)
            at += 1
        self._close()

    def _line(self, line: str) -> None:
        if not line.strip() or line.strip() == "+":
            self._close()
            self._numbers = self._numbers if line.strip() == "+" else {**self._numbers, "": 0}
        elif _SETTING.fullmatch(line):
            return
        elif found := _ATTRIBUTE.fullmatch(line):
            self._attributes[found.group(1).strip("!").lower()] = (
                "" if "!" in found.group(1) else found.group(2)
            )
        elif not self._paragraph and (found := _BLOCK_STYLE.fullmatch(line)):
            self._style = found.group(1)
        elif found := _HEADING.fullmatch(line):
            self._close()
            self._numbers.clear()
            self._draft.heading(len(found.group(1)), self._said(found.group(2)))
        elif found := _IMAGE.fullmatch(line):
            self._picture(found.group(1))
        elif not self._paragraph and (found := _TITLE.fullmatch(line)):
            self._draft.block(self._said(found.group(1)))
        else:
            self._text(line)

    def _text(self, line: str) -> None:
        """A list item begins a line of its own; other lines go on with the paragraph."""
        if found := _CALLOUT.fullmatch(line):
            self._begin(f"({found.group(1)}) ", found.group(2))
        elif found := _BULLET.fullmatch(line):
            self._begin("- ", found.group(2))
        elif found := _NUMBER.fullmatch(line):
            self._begin(f"{self._number(found.group(1))}. ", found.group(2))
        elif not self._paragraph and (found := _TERM.fullmatch(line)):
            self._close()
            self._mark = f"{self._said(found.group(1)).rstrip(':')}: "
            if found.group(2):
                self._paragraph = [found.group(2)]
        else:
            self._paragraph.append(line.strip().removesuffix(" +"))

    def _begin(self, mark: str, text: str) -> None:
        self._close()
        self._mark = mark
        self._paragraph = [text]

    def _number(self, mark: str) -> str:
        if mark[0] != ".":
            return mark.rstrip(".")
        deeper = [level for level in self._numbers if len(level) > len(mark)]
        for level in deeper:
            del self._numbers[level]
        self._numbers[mark] = self._numbers.get(mark, 0) + 1
        return str(self._numbers[mark])

    def _close(self) -> None:
        """Ends a paragraph or an item."""
        if not self._paragraph:
            return
        text = " ".join(self._paragraph)
        self._paragraph = []
        if note := _NOTE.fullmatch(text):
            text = f"{note.group(1).capitalize()}: {note.group(2)}"
        elif self._style.split(",")[0].upper() in _NOTES:
            text = f"{self._style.split(',')[0].capitalize()}: {text}"
        self._draft.block(self._mark + self._said(text))
        self._mark = self._style = ""

    def _delimited(self, mark: str, inside: list[str]) -> None:
        style = self._style
        if mark[0] in "|,:!":
            heads = 1 if "header" in style or _blank_after_first(inside) else None
            self._draft.table(self._cells(inside, mark[0], style), heads)
        elif mark[0] in "-.`" and mark != "--":
            self._draft.verbatim("\n".join(_CALLOUT_MARK.sub("", line) for line in inside))
        elif mark[0] == "+":
            return
        else:
            self._style = ""
            inner = AsciiDocReader(self._draft, self._attributes)
            label = style.split(",")[0].upper()
            inner._mark = f"{label.capitalize()}: " if label in _NOTES else ""
            inner.read(inside)
        self._style = self._mark = ""

    def _cells(self, lines: list[str], mark: str, style: str) -> list[list[str | None]]:
        return [
            [self._said(cell) if cell else cell for cell in row] for row in table_cells(lines, mark, style)
        ]

    def _picture(self, attributes: str) -> None:
        words = re.sub(r"^(?:title|alt)\s*=\s*", "", attributes.split(",")[0].strip()).strip('"')
        if len(words.split()) > 2:
            self._draft.block(self._said(words))

    def _said(self, text: str) -> str:
        return inline_text(text, self._attributes)


def _closing(lines: list[str], opening: int, mark: str) -> int:
    """The line that closes a block, or the last one."""
    mark = "```" if mark.startswith("```") else mark
    return next(
        (at for at in range(opening + 1, len(lines)) if lines[at].rstrip() == mark),
        len(lines) if len(mark) > 2 else opening,
    )


def _blank_after_first(lines: list[str]) -> bool:
    """Whether a blank line sets the first row of a table apart, which makes it the heads."""
    filled = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    return (
        filled + 1 < len(lines)
        and not lines[filled + 1].strip()
        and any(line.strip() for line in lines[filled + 2 :])
    )
