"""From files to documents, one format a module. Here: which loader reads which suffix.

A loader is imported when the first file of its format is read, so that only the libraries that are needed are loaded.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import cast

from retrieval.documents import Document

Loader = Callable[[bytes, str], Iterable[Document]]
"""Reads the bytes of the file that is called by its source. Raises UnreadableDocument, or what its library raises."""

LOADERS: Mapping[str, str] = {
    ".csv": "faq:load_csv",
    ".docx": "docx:load_docx",
    ".htm": "markup:load_html",
    ".html": "markup:load_html",
    ".jsonl": "faq:load_jsonl",
    ".markdown": "markup:load_markdown",
    ".md": "markup:load_markdown",
    ".pdf": "pdf:load_pdf",
    ".tsv": "faq:load_csv",
    ".txt": "text:load_text",
}
"""By suffix: the module in this package, and the function in it."""


def find_loader(suffix: str) -> Loader:
    """Imports the loader of a suffix of `LOADERS`."""
    module, _, function = LOADERS[suffix].partition(":")
    return cast(Loader, getattr(import_module(f"{__name__}.{module}"), function))
