"""Questions with answers, as CSV with a header line or as JSON lines: every entry is a document of its own.

The columns are called `question` and `answer`, in any case, or in Chinese; others are passed over.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders.text import decoded

_QUESTION = frozenset({"question", "q", "问题", "問題"})
_ANSWER = frozenset({"answer", "a", "answers", "答案", "回答"})


def load_csv(content: bytes, source: str) -> Iterator[Document]:
    """Commas, semicolons or tabs, as the header line has them."""
    text = decoded(content, source)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    return _entries(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter), source)


def load_jsonl(content: bytes, source: str) -> Iterator[Document]:
    lines = decoded(content, source).splitlines()
    return _entries((json.loads(line) for line in lines if line.strip()), source)


def _entries(rows: Iterable[Any], source: str) -> Iterator[Document]:
    """One document for each row that has both; raises UnreadableDocument where a row has no such columns."""
    for number, row in enumerate(rows, 1):
        question, answer = _cell(row, _QUESTION, source), _cell(row, _ANSWER, source)
        if question and answer:
            draft = DocumentBuilder()
            draft.heading(1, question)
            for line in answer.splitlines():
                draft.block(line)
            yield draft.document(f"{source}#{number}")


def _cell(row: Any, names: frozenset[str], source: str) -> str:
    if isinstance(row, Mapping):
        for name, value in row.items():
            if str(name).strip().casefold() in names:
                return str(value or "").strip()
    raise UnreadableDocument(
        source, f"a row has no column {sorted(names)[-1]!r}. Name them question and answer."
    )
