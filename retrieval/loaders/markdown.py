"""Markdown and MDX, as site generators and wikis write them: rendered to HTML, and read by the same rules."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders.components import resolved
from retrieval.loaders.front_matter import FrontMatter, split_front_matter
from retrieval.loaders.html import read_markup
from retrieval.loaders.template_tags import outside_code, without_template_tags
from retrieval.loaders.text import decoded

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_PLACEHOLDER = re.compile(r"<([A-Za-z][\w]*(?:[-_ ][\w]+)*)>")
_ELEMENTS = frozenset(
    """
    a abbr acronym address article aside audio b big blockquote body br button caption center cite code col dd
    del details dfn div dl dt em figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i
    iframe img input ins kbd li link main map mark meta nav noscript object ol p param picture pre q rp rt
    ruby s samp script section select small source span strike strong style sub summary sup svg table tbody td
    template tfoot th thead time title tr tt u ul var video wbr
    """.split()  # noqa: SIM905
)


def load_markdown(content: bytes, source: str) -> Iterator[Document]:
    """CommonMark with tables; the title is the front matter's, or the first heading."""
    return _documents(decoded(content, source), source, jsx=False)


def load_mdx(content: bytes, source: str) -> Iterator[Document]:
    """Markdown with components, of which the titles and the text inside are read."""
    return _documents(decoded(content, source), source, jsx=True)


def read_markdown(text: str, draft: DocumentBuilder, jsx: bool = False) -> None:
    """Adds what a piece of Markdown shows."""
    shown = outside_code(resolved(text, jsx), _escaped_placeholders)
    read_markup(_MARKDOWN.render(shown), draft)


def _documents(text: str, source: str, jsx: bool) -> Iterator[Document]:
    front, body = split_front_matter(text)
    said = " ".join(body.split())
    facts = [fact for fact in front.facts() if " ".join(fact.split()) not in said]
    draft = DocumentBuilder()
    for part in (*facts, body, *front.text()):
        read_markdown(without_template_tags(part, front.values), draft, jsx)
    yield draft.document(source, _title(front))


def _title(front: FrontMatter) -> str | None:
    return without_template_tags(front.title, front.values) or None


def _escaped_placeholders(text: str) -> str:
    """`<your name>` is a word that the reader shall replace, not an element."""
    return _PLACEHOLDER.sub(
        lambda found: (
            found.group() if found.group(1).split()[0].lower() in _ELEMENTS else f"&lt;{found.group(1)}&gt;"
        ),
        text,
    )
