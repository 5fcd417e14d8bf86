"""From files to documents, one format a file; `LOADERS` names them by suffix."""

from collections.abc import Callable, Iterable, Mapping

from retrieval.document import Document
from retrieval.loaders.markup import load_html, load_markdown
from retrieval.loaders.text import load_text

Loader = Callable[[bytes, str], Iterable[Document]]
"""Reads the bytes of a file, called by its source; raises UnreadableDocument, or what its library raises."""

LOADERS: Mapping[str, Loader] = {
    ".html": load_html,
    ".htm": load_html,
    ".markdown": load_markdown,
    ".md": load_markdown,
    ".txt": load_text,
}
