"""Jupyter notebooks: the text, the code, and the beginnings of what the code printed."""

import json
from collections.abc import Iterator
from typing import Any

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders import find_loader

_MOST_OUTPUT_LINES = 12


def load_ipynb(content: bytes, source: str) -> Iterator[Document]:
    """One document; of the outputs, text and tables are read, pictures and errors are not."""
    notebook = json.loads(content)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None:
        raise UnreadableDocument(
            source, "it is no notebook of format 4. Open it in Jupyter and save it again."
        )
    draft = DocumentBuilder()
    for cell in cells:
        text = _joined(cell.get("source", ""))
        if cell.get("cell_type") == "markdown":
            _include(".md", text, draft, source)
        elif cell.get("cell_type") == "code":
            draft.verbatim(text)
            for output in cell.get("outputs", ()):
                _read_output(output, draft, source)
    yield draft.document(source, notebook.get("metadata", {}).get("title"))


def _read_output(output: dict[str, Any], draft: DocumentBuilder, source: str) -> None:
    data = output.get("data", {})
    html = _joined(data.get("text/html", ""))
    text = _joined(output.get("text") or data.get("text/plain", ""))
    if "<table" in html:
        _include(".html", html, draft, source)
    elif "text/markdown" in data:
        _include(".md", _joined(data["text/markdown"]), draft, source)
    elif text and not text.startswith("<") and output.get("name") != "stderr":
        draft.verbatim("\n".join(text.splitlines()[:_MOST_OUTPUT_LINES]))


def _include(suffix: str, text: str, draft: DocumentBuilder, source: str) -> None:
    for document in find_loader(suffix)(text.encode("utf-8", "replace"), source):
        draft.include(document)


def _joined(text: str | list[str]) -> str:
    """A text as notebooks write it: whole, or as a list of its lines."""
    return text if isinstance(text, str) else "".join(text)
