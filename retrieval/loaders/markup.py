"""HTML and Markdown: Markdown is rendered to HTML, so that both are read by the same rules.

Headings, paragraphs, list items and table rows become lines; navigation, scripts and forms are left out.
"""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString
from markdown_it import MarkdownIt

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders.text import decoded

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n(?:---|\.\.\.)\s*\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title\s*:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_SKIPPED = ("script", "style", "template", "noscript", "nav", "form", "iframe", "svg", "button", "head")
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_INLINE = re.compile(
    r"a|abbr|b|bdi|bdo|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|q|s|samp|small|"
    r"span|strong|sub|sup|time|u|var|wbr"
)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def load_markdown(content: bytes, source: str) -> Iterator[Document]:
    """CommonMark with tables; the title is the front matter's, or the first heading."""
    text = decoded(content, source)
    front = _FRONT_MATTER.match(text)
    title = _FRONT_TITLE.search(front.group(1)) if front else None
    page = _parsed(_MARKDOWN.render(text[front.end() :] if front else text))
    yield _document(page, source, title.group(1) if title else None)


def load_html(content: bytes, source: str) -> Iterator[Document]:
    """The main part of a page where it marks one, else its body; the title is the page's."""
    page = _parsed(decoded(content, source))
    title = page.title.get_text(" ", strip=True) if page.title else None
    yield _document(page.select_one("main, article") or page.body or page, source, title)


def _parsed(html: str) -> BeautifulSoup:
    """Any text will do; the line break keeps the library from taking a short one for the name of a file."""
    return BeautifulSoup(f"{html}\n", "lxml")


def _document(root: Tag, source: str, title: str | None) -> Document:
    for skipped in root.find_all(_SKIPPED):
        skipped.decompose()
    draft = DocumentBuilder()
    _read(root, draft)
    return draft.document(source, title)


def _read(tag: Tag, draft: DocumentBuilder, mark: str = "") -> None:
    """Adds what a block holds: inline content as lines, the first after `mark`, and its blocks in turn."""
    line = ""
    for child in tag.children:
        if isinstance(child, Tag) and not _INLINE.fullmatch(child.name):
            mark = _close(line, draft, mark)
            line = ""
            _read_block(child, draft, mark)
        elif not isinstance(child, PreformattedString):
            line += child.get_text()
    _close(line, draft, mark)


def _close(line: str, draft: DocumentBuilder, mark: str) -> str:
    """Ends a line; returns the mark that is still to be set before one."""
    if not line.strip():
        return mark
    draft.block(mark + line)
    return ""


def _read_block(tag: Tag, draft: DocumentBuilder, mark: str) -> None:
    if tag.name in _HEADINGS:
        draft.heading(_HEADINGS[tag.name], tag.get_text())
    elif tag.name == "pre":
        draft.verbatim(tag.get_text())
    elif tag.name == "tr":
        draft.block(" | ".join(" ".join(cell.get_text(" ").split()) for cell in tag.find_all(["th", "td"])))
    else:
        _read(tag, draft, "- " if tag.name == "li" else mark)
