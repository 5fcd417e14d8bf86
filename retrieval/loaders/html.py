"""Web pages: the main part, with its headings, lists, tables, code and links.

`read_markup` reads any HTML into a document; Markdown and other formats that are rendered to HTML use it too.
"""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders.html_blocks import MarkupReader
from retrieval.loaders.html_tabs import name_panels
from retrieval.loaders.page_parts import main_part
from retrieval.loaders.text import decoded

_DECLARATION = re.compile(r"<\?xml[^>]*>")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]+)", re.IGNORECASE)
_SITE = re.compile(r"\s*[|»·:]\s|\s+[-–—]\s")
_NO_TITLE = re.compile(
    r"\W*(?:untitled(?: document| page)?|new page(?: \d+)?|document|index|home|title|no title|unbenannt\w*|neue seite|"
    r"sans titre|无标题(?:文档)?|\S+\.(?:html?|md|docx?))?\W*",
    re.IGNORECASE,
)


def load_html(content: bytes, source: str) -> Iterator[Document]:
    """The main part of a page; the title is the page's, or its first heading where that says nothing."""
    page = parsed(_characters(content, source))
    title = page.title.get_text(" ", strip=True) if page.title else ""
    draft = DocumentBuilder()
    name_panels(page)
    MarkupReader(draft).read(main_part(page))
    yield draft.document(source, None if _NO_TITLE.fullmatch(title) else _without_site(title, draft))


def _without_site(title: str, draft: DocumentBuilder) -> str:
    """`Returns` of `Returns — Larkfield Help`, where the page's first heading says so."""
    first = draft.headings[0].title if draft.headings else ""
    rest = title.removeprefix(first)
    return first if first and rest != title and _SITE.match(rest) else title


def parsed(html: str) -> BeautifulSoup:
    """Any text will do; the line break keeps the library from taking a short one for the name of a file."""
    return BeautifulSoup(f"{_DECLARATION.sub('', html)}\n", "lxml")


def read_markup(html: str, draft: DocumentBuilder) -> None:
    """Adds all that a piece of HTML says; it is taken to have no navigation."""
    read_page(parsed(html), draft)


def read_page(page: Tag, draft: DocumentBuilder) -> None:
    """Adds all that a parsed piece of HTML says."""
    for tag in page.find_all(("script", "style", "template", "noscript")):
        tag.decompose()
    MarkupReader(draft).read(page.body or page)


def _characters(content: bytes, source: str) -> str:
    """As UTF-8, or in the encoding that the page names, or by the looks of the bytes."""
    named = _CHARSET.search(content[:2048])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode(named.group(1).decode()) if named else decoded(content, source)
    except (UnicodeDecodeError, LookupError):
        return decoded(content, source)
