"""Markdown and MDX, as site generators and wikis write them: rendered to HTML, and read by the same rules."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders.components import resolved
from retrieval.loaders.front_matter import FrontMatter, split_front_matter
from retrieval.loaders.html import read_markup
from retrieval.loaders.template_tags import outside_code, without_template_tags
from retrieval.loaders.text import decoded

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_INDENTED = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("code")
_INLINE = re.compile(
    r"\*\*[^\s*][^*\n]*\*\*|\]\((?:https?:|[\w./#-]+\))|^\s*> \S.*[.!]\s*$|<(?:kbd|img|strong)\b",
    re.MULTILINE,
)
_SENTENCE = re.compile(r"[^\W\d_a-z].*[.!?]")
_PROGRAM = re.compile(r"[{}<>$=\\`]|\w\(|::|//|--")
_FEWEST_WORDS = 8
_TABLE_PARTS = re.compile(r"</?(?:table|t[rdh]|thead|tbody|div|ul|li)\b")
_SCRIPT_LINK = re.compile(r"\[[^\]\n]*\]\(javascript:(?:[^()\n]|\([^()\n]*\))*\)", re.IGNORECASE)
_BOLD = re.compile(r"(?<![*\w])\*\*(?=[^\s*])([^*\n]{1,80}?)[ \t]+\*\*(?![*\w])")
"""`**Start **`, which converters write, in place of `**Start** `."""
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
    read_markup(_rendered(shown), draft)


def _rendered(text: str) -> str:
    """As HTML. An indented block is code, unless it is text too far to the right, or the rest of a table in HTML."""
    references: dict[str, Any] = {}
    tokens = _MARKDOWN.parse(_BOLD.sub(r"**\1** ", _SCRIPT_LINK.sub("", text)), references)
    for before, token in pairwise([None, *tokens]):
        if token and token.type == "code_block":
            if before and before.type == "html_block" and _TABLE_PARTS.search(token.content):
                token.type = "html_block"
            elif _is_text(token.content):
                token.type, token.content = "html_block", _INDENTED.render(token.content, references)
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, references))


def _is_text(block: str) -> bool:
    """Whether an indented block has Markdown in it, or is a sentence."""
    said = " ".join(block.split())
    return bool(_INLINE.search(block)) or (
        bool(_SENTENCE.fullmatch(said)) and not _PROGRAM.search(said) and len(said.split()) >= _FEWEST_WORDS
    )


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
