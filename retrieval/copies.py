"""Documents that say the same: copies, and sources kept beside the page that was made of them.

Compares runs of words. A document is a copy where nearly all its runs stand in the other one, and all its numbers do,
so that two price lists of one form stay two documents; of files of one name, some numbers may be of the markup. Pages
in different languages are never each other's copy.
"""

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from retrieval.documents import Document

_WORDS = re.compile(r"[^\W_\u2e80-\u9fff\uac00-\ud7af]+|[\u2e80-\u9fff\uac00-\ud7af]")
_RUN = 5
_FEWEST_RUNS = 30
_SAMPLED = 8
"""One run in so many is compared at first; those are chosen by their checksum."""
_SAMPLE_SHARED = 0.5
_SHARED = 0.8
_NEW_WORDS = 0.01
_NEW_IN_SOURCE = 0.05
_WORDS_OF_MARKUP = 3
_COMMON = 60
"""A run in more documents than this says nothing about copies."""
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
_CODES = frozenset(
    """
    ar bg ca cs da de el en es et eu fa fi fr gl he hi hr hu id it ja ko lt lv ms nb nl no pl pt ro ru sk sl
    sr sv th tr uk vi zh
    """.split()  # noqa: SIM905
)
_ORDER = (".html", ".htm", ".xhtml", ".md", ".mdx", ".docx", ".odt", ".pdf", ".epub", ".rst", ".adoc")


def copies(documents: Sequence[Document]) -> dict[str, str]:
    """For each copy, the source of the document that is kept for it."""
    ranked = sorted((document for document in documents if "#" not in document.source), key=_rank)
    contents = {document.source: _Content(document) for document in ranked}
    index: dict[int, list[str]] = defaultdict(list)
    found: dict[str, str] = {}
    for document in ranked:
        content = contents[document.source]
        original = _original(document.source, content, contents, index)
        if original:
            found[document.source] = original
        else:
            for run in content.sample:
                index[run].append(document.source)
    return found


class _Content:
    """What two documents are compared by. text: for those that are too short for runs."""

    def __init__(self, document: Document) -> None:
        self.words = _WORDS.findall(document.shown.casefold())
        self.runs = {
            zlib.crc32(" ".join(self.words[at : at + _RUN]).encode())
            for at in range(max(0, len(self.words) - _RUN + 1))
        }
        if len(self.runs) < _FEWEST_RUNS:
            whole = zlib.crc32(" ".join(self.words).encode())
            self.sample = {whole} if self.words else set()
        else:
            self.sample = {run for run in self.runs if run % _SAMPLED == 0}

    def is_in(self, other: "_Content", its_source: bool) -> bool:
        """Whether it says nothing that the other does not; `its_source`: one was made of the other."""
        if len(self.runs) < _FEWEST_RUNS:
            return self.words == other.words
        mine = set(self.words)
        new = mine - set(other.words)
        if its_source:
            few = len(new) <= _NEW_IN_SOURCE * len(mine) + _WORDS_OF_MARKUP
        else:
            few = len(new) <= _NEW_WORDS * len(mine) and not any(map(_has_digit, new))
        if not few:
            return False
        return (
            len(self.runs & other.runs) >= _SHARED * len(self.runs)
            and len(other.runs) <= len(self.runs) / _SHARED
        )


def _original(
    source: str, content: _Content, contents: dict[str, _Content], index: dict[int, list[str]]
) -> str:
    shared: Counter[str] = Counter()
    for run in content.sample:
        if len(index.get(run, ())) <= _COMMON:
            shared.update(index.get(run, ()))
    for other, count in sorted(shared.items(), key=lambda each: (-each[1], each[0])):
        if count < _SAMPLE_SHARED * len(content.sample):
            break
        same_language = _languages(source) == _languages(other)
        if same_language and content.is_in(contents[other], _stem(source) == _stem(other)):
            return other
    return ""


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _stem(source: str) -> str:
    """The name of a file in all its formats: `faq` of `faq.html` and `_sources/faq.rst.txt`."""
    return source.rsplit("/", 1)[-1].split(".", 1)[0]


def _languages(source: str) -> list[str]:
    """The codes of languages in a path: `de/manual.html`, `manual.de.html`."""
    parts = re.split(r"[/.]|_(?=[a-z]{2}\.)", source)
    return [part for part in parts if _LANGUAGE.fullmatch(part) and part[:2].lower() in _CODES]


def _rank(document: Document) -> tuple[int, int, int, str]:
    """Which of several copies is kept: pages before sources, then the shorter path."""
    path = PurePosixPath(document.source)
    suffix = path.suffix.lower()
    raw = any(part.startswith("_") for part in path.parts)
    return (
        int(raw),
        _ORDER.index(suffix) if suffix in _ORDER else len(_ORDER),
        len(path.parts),
        document.source,
    )
