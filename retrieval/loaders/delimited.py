"""CSV and TSV files, and JSON lines: lists of questions, or tables."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from retrieval.documents import Document, DocumentBuilder, readable_name
from retrieval.errors import UnreadableDocument
from retrieval.loaders import Columns
from retrieval.loaders.number_formats import shortened
from retrieval.loaders.sheets import read_sheet
from retrieval.loaders.text import decoded
from retrieval.tables import Row

_SEPARATOR_LINE = re.compile(r"\A\s*sep=(.)\s*?(?:\r\n?|\n)", re.IGNORECASE)
_EMPHASIZED = re.compile(r"\A\s*\*\*([^*]+)\*\*\s*\Z")
"""A cell in bold, in a table that a page of RST or Markdown includes."""
_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50


def load_csv(content: bytes, source: str, columns: Columns = ()) -> Iterator[Document]:
    """Whatever separates the cells and ends the lines; cells in quotation marks may hold both."""
    text = decoded(content, source)
    named = _SEPARATOR_LINE.match(text)
    text = text[named.end() :] if named else text
    return _documents(_rows(text, named.group(1) if named else _delimiter(text)), source, columns)


def load_jsonl(content: bytes, source: str, columns: Columns = ()) -> Iterator[Document]:
    """One JSON object a line; its keys are the columns."""
    lines = (line for line in decoded(content, source).split("\n") if line.strip())
    objects = [json.loads(line) for line in lines]
    if not all(isinstance(one, dict) for one in objects):
        raise UnreadableDocument(
            source, 'a line is no JSON object such as {"question": "...", "answer": "..."}.'
        )
    keys = list(dict.fromkeys(key for one in objects for key in one))
    return _documents([keys, *([_text(one.get(key)) for key in keys] for one in objects)], source, columns)


def _documents(rows: Sequence[Row], source: str, columns: Columns) -> Iterator[Document]:
    draft = DocumentBuilder()
    yield from read_sheet(rows, draft, source, headed=True, columns=columns)
    if draft.lines:
        yield draft.document(source, readable_name(source))


def _delimiter(text: str) -> str:
    """The one that cuts the first lines into equally many cells, and many of them."""
    return max(_DELIMITERS, key=lambda delimiter: _evenness(_rows(text, delimiter, _SAMPLE_ROWS)))


def _evenness(rows: Sequence[Row]) -> tuple[float, int]:
    width, count = Counter(len(row) for row in rows if row).most_common(1)[0] if any(rows) else (1, 0)
    return (0.0, 0) if width == 1 else (round(count / len(rows), 1), width)


def _rows(text: str, delimiter: str, most: int | None = None) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [[shortened(_EMPHASIZED.sub(r"\1", cell)) for cell in row] for row in islice(reader, most)]


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
