"""What repeats over the documents of a collection: lines that stand on most pages of a site, and whole copies.

Hides lines (navigation, running titles, licence texts) and marks copies; a line that states something stays in the
first document that has it. Decides by all documents together and always alike, whichever of them have changed.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from retrieval.copies import copies
from retrieval.documents import Document
from retrieval.sentences import Span

_FEWEST_DOCUMENTS = 5
_FEWEST_PAGES = 4
_MOST_PAGES = 0.75
_EDGE = 3
"""How many lines of its own a page may have between its edge and a line that repeats."""
_ONCE_A_PAGE = 1.2
_SHORTEST = 4
_STATES = re.compile(r"\d|@|://|\w[^.!?。]{20,}[.!?。]|[。！？]")
_ABOUT_THE_PAGE = re.compile(
    r"cookie|javascript|all rights reserved|alle rechte vorbehalten|tous droits réservés", re.IGNORECASE
)

Lines = Sequence[tuple[str, Span]]


def without_repetition(documents: Sequence[Document]) -> list[Document]:
    """The documents in their order, with what is hidden in them and whose copies they are."""
    hidden = _hidden(documents)
    shown = [replace(document, hidden=hidden.get(document.source, ())) for document in documents]
    originals = copies(shown)
    return [replace(document, copy_of=originals.get(document.source, "")) for document in shown]


def _hidden(documents: Sequence[Document]) -> dict[str, tuple[Span, ...]]:
    """By source, the spans of the lines that are hidden."""
    found: dict[str, set[Span]] = defaultdict(set)
    lines = {document.source: list(_lines(document)) for document in documents}
    for group in _sites(documents):
        repeated = _repeated(group, lines)
        kept: set[str] = set()
        for document in group:
            for text, span in lines[document.source]:
                if text in repeated and _is_at_edge(lines[document.source], span, repeated):
                    if text in kept or not _STATES.search(text) or _ABOUT_THE_PAGE.search(text):
                        found[document.source].add(span)
                    kept.add(text)
    return {
        document.source: tuple(sorted(found[document.source]))
        for document in documents
        if 0 < len(found[document.source]) < len(lines[document.source])
    }


def _sites(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Documents that may have edges in common: those of one folder, and those below one of the first folders."""
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if "#" not in document.source:
            parts = PurePosixPath(document.source).parts
            for folder in {"/".join(parts[:-1]), "/".join(parts[: min(1, len(parts) - 1)])}:
                groups[folder].append(document)
    return (group for _, group in sorted(groups.items()) if len(group) >= _FEWEST_DOCUMENTS)


def _lines(document: Document) -> Iterator[tuple[str, Span]]:
    """The lines with their places, white space and case apart; rows of tables are no lines."""
    rows = {start for start, _ in document.rows}
    start = 0
    for line in document.text.split("\n"):
        if line.strip() and start not in rows:
            yield " ".join(line.split()).casefold(), (start, start + len(line))
        start += len(line) + 1


def _repeated(group: Sequence[Document], lines: Mapping[str, Lines]) -> set[str]:
    """The lines that stand on most pages of a group, once on each."""
    pages: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for document in group:
        texts = [text for text, _ in lines[document.source]]
        times.update(texts)
        pages.update(set(texts))
    least = max(_FEWEST_PAGES, _MOST_PAGES * len(group))
    return {
        text
        for text, count in pages.items()
        if count >= least
        and times[text] <= _ONCE_A_PAGE * count
        and len(text) >= _SHORTEST
        and text[-1] not in ":："
    }


def _is_at_edge(lines: Lines, span: Span, repeated: set[str]) -> bool:
    """Whether hardly any line of the page's own stands before it, or after it."""
    before = sum(text not in repeated for text, (start, _) in lines if start < span[0])
    after = sum(text not in repeated for text, (start, _) in lines if start > span[0])
    return min(before, after) <= _EDGE
