"""From files to documents, one format a file; `LOADERS` names them by suffix."""

from collections.abc import Callable, Iterable, Mapping

from retrieval.documents import Document
from retrieval.loaders.docx import load_docx
from retrieval.loaders.faq import load_csv, load_jsonl
from retrieval.loaders.markup import load_html, load_markdown
from retrieval.loaders.pdf import load_pdf
from retrieval.loaders.text import load_text

Loader = Callable[[bytes, str], Iterable[Document]]
"""Reads the bytes of a file, called by its source; raises UnreadableDocument, or what its library raises."""

LOADERS: Mapping[str, Loader] = {
    ".csv": load_csv,
    ".docx": load_docx,
    ".htm": load_html,
    ".html": load_html,
    ".jsonl": load_jsonl,
    ".markdown": load_markdown,
    ".md": load_markdown,
    ".pdf": load_pdf,
    ".tsv": load_csv,
    ".txt": load_text,
}
