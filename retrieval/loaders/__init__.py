"""From files to documents, one format a module. Here: which loader reads which suffix.

A loader is imported when the first file of its format is read, so that only the libraries that are needed are loaded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import PurePosixPath
from typing import cast

from retrieval.documents import Document

Loader = Callable[..., Iterable[Document]]
"""Reads the bytes of the file that is called by its source. Raises UnreadableDocument, or what its library raises.

Those of `SHEETS` also take `columns`, the heads of columns that hold questions and their answers.
"""

Columns = Sequence[tuple[str, str]]
"""The heads of the columns of questions and of their answers, as somebody chose them."""

LOADERS: Mapping[str, str] = {
    ".adoc": "asciidoc:load_asciidoc",
    ".asciidoc": "asciidoc:load_asciidoc",
    ".csv": "delimited:load_csv",
    ".doc": "word97:load_doc",
    ".docm": "docx:load_docx",
    ".docx": "docx:load_docx",
    ".eml": "mail:load_eml",
    ".epub": "epub:load_epub",
    ".htm": "html:load_html",
    ".html": "html:load_html",
    ".ipynb": "notebook:load_ipynb",
    ".jsonl": "delimited:load_jsonl",
    ".markdown": "markdown:load_markdown",
    ".md": "markdown:load_markdown",
    ".mdx": "markdown:load_mdx",
    ".msg": "msg:load_msg",
    ".odp": "opendocument:load_opendocument",
    ".ods": "opendocument:load_opendocument",
    ".odt": "opendocument:load_opendocument",
    ".pdf": "pdf:load_pdf",
    ".ppt": "refusals:refuse_ppt",
    ".pptm": "pptx:load_pptx",
    ".pptx": "pptx:load_pptx",
    ".rst": "rst:load_rst",
    ".rtf": "rtf:load_rtf",
    ".tsv": "delimited:load_csv",
    ".txt": "text:load_text",
    ".xhtml": "html:load_html",
    ".xls": "refusals:refuse_xls",
    ".xlsm": "xlsx:load_xlsx",
    ".xlsx": "xlsx:load_xlsx",
}
"""By suffix: the module in this package, and the function in it."""


SHEETS = frozenset({".csv", ".jsonl", ".ods", ".tsv", ".xlsm", ".xlsx"})

_SOURCES = frozenset({".rst", ".adoc", ".md"})


def suffix_of(source: str) -> str:
    """The suffix in `LOADERS` by which a file is read; empty where none reads it.

    `page.rst.txt`, as sites keep the source of a page, is read as what it is.
    """
    suffixes = [suffix.lower() for suffix in PurePosixPath(source).suffixes[-2:]]
    if len(suffixes) == 2 and suffixes[1] == ".txt" and suffixes[0] in _SOURCES:
        return suffixes[0]
    return suffixes[-1] if suffixes and suffixes[-1] in LOADERS else ""


def find_loader(suffix: str) -> Loader:
    """Imports the loader of a suffix of `LOADERS`."""
    module, _, function = LOADERS[suffix].partition(":")
    return cast(Loader, getattr(import_module(f"{__name__}.{module}"), function))
