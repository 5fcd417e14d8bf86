"""Filters out examples that are too short, abusive (`quality.toml`) or near-duplicates of earlier ones.

Near-duplicates are found by MinHash over character shingles (Broder, "On the Resemblance and Containment of
Documents", 1997), looked up in bands (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3). Texts
with different numbers never count as duplicates: 30 days are not 60 days.
"""

import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dialogue.citations import PLAIN_MARKER
from dialogue.language import content_words, numbers
from finetune.examples import (
    DialogueTurn,
    Example,
    ExamplePassage,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
)

SHINGLE_LENGTH = 4
"""Characters."""
BANDS, ROWS = 10, 6
"""Finds 99.1 % of the pairs of texts that share 85 % of their shingles, and 15 % of those that share half."""
MIN_SIMILARITY = 0.8
"""The share of equal hashes, which estimates the Jaccard similarity, that makes two texts near-duplicates."""

_GAPS = re.compile(r"[\W_]+")

_draw = np.random.Generator(np.random.PCG64(7))
_FACTORS = _draw.integers(1, 2**63, BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
_TERMS = _draw.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)

Signature = NDArray[np.uint32]


class NearDuplicates:
    """Remembers texts by name, in about 2 KB each."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._signatures: list[Signature] = []
        self._bands: dict[int, int] = {}

    def first_like(self, name: str, text: str, exactly: str = "") -> str:
        """The name of the first text that `text` nearly repeats; `name` if there is none.

        Only texts that came with the same `exactly` are compared.
        """
        plain = normalise(text)
        found = minhash(plain)
        same = crc32("\n".join([exactly, *sorted(numbers(plain))]).encode("utf-8", "surrogatepass"))
        keys = [hash((band, same, found[band * ROWS : (band + 1) * ROWS].tobytes())) for band in range(BANDS)]
        for key in keys:
            known = self._bands.get(key)
            if known is not None and np.mean(self._signatures[known] == found) >= MIN_SIMILARITY:
                return self._names[known]
        for key in keys:
            self._bands.setdefault(key, len(self._names))
        self._names.append(name)
        self._signatures.append(found)
        return name


def normalise(text: str) -> str:
    """Without case, punctuation and citations."""
    plain = unicodedata.normalize("NFKC", PLAIN_MARKER.sub(" ", text)).lower()
    return _GAPS.sub(" ", plain).strip()


def minhash(text: str) -> Signature:
    """MinHash of the text's shingles; 32 bits a hash."""
    shingles = {text[i : i + SHINGLE_LENGTH] for i in range(max(1, len(text) - SHINGLE_LENGTH + 1))}
    hashes = np.array([crc32(s.encode("utf-8", "surrogatepass")) for s in shingles], dtype=np.uint64)
    mixed = _FACTORS[:, None] * hashes[None, :] + _TERMS[:, None]
    lowest: Signature = (mixed >> np.uint64(32)).min(axis=1).astype(np.uint32)
    return lowest


def _load_abusive_words() -> re.Pattern[str]:
    words = tomllib.loads(files(__package__).joinpath("quality.toml").read_text("utf-8"))
    english = "|".join(map(re.escape, words["en"]))
    chinese = "|".join(map(re.escape, words["zh"]))
    return re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)


ABUSIVE_WORDS = _load_abusive_words()


def is_too_short(texts: Iterable[str]) -> bool:
    """Whether one of the texts has no meaningful word."""
    return not all(content_words(text) for text in texts)


def is_abusive(texts: Iterable[str]) -> bool:
    return any(ABUSIVE_WORDS.search(text) for text in texts)


COMPARED_TURNS = 2
"""Follow-ups with the same last turns of history are compared."""


@dataclass(frozen=True, slots=True)
class DedupKey:
    """Two examples are duplicates if `exactly` is equal and each of `alike` is nearly equal."""

    written: tuple[str, ...]
    """The texts that people and models wrote."""
    alike: tuple[str, ...]
    exactly: str = ""


class ExampleFilter:
    """left: how many examples were left out, by reason."""

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()
        self._seen: defaultdict[tuple[str, int], NearDuplicates] = defaultdict(NearDuplicates)
        self._looked = 0

    def passes(self, kind: str, example: Example) -> bool:
        reason = self._objection(kind, example)
        if reason:
            self.left[reason] += 1
        return not reason

    def _objection(self, kind: str, example: Example) -> str:
        key = dedup_key(example)
        if is_too_short(key.written):
            return "too short"
        if is_abusive(key.written):
            return "abusive"
        return "near-duplicate" if self._repeats(kind, key) else ""

    def _repeats(self, kind: str, key: DedupKey) -> bool:
        self._looked += 1
        name, group = str(self._looked), key.exactly
        for place, text in enumerate(key.alike):
            group = self._seen[kind, place].first_like(name, text, group)
        return group != name


def dedup_key(example: Example) -> DedupKey:
    match example:
        case RewritingExample():
            meant = " ".join(sorted(content_words(example.rewrite)))
            asked = "\n".join((*_last_turns(example.history), example.question))
            return DedupKey((example.question, example.rewrite), (asked,), meant)
        case GroundingExample():
            told = f"{example.answerable} {sorted(example.evidence)}"
            said = () if example.answerable is False else (example.answer,)
            return DedupKey((example.question, *said), (*said, example.question), told)
        case PreferenceExample():
            texts = (example.chosen, example.rejected, example.question)
            return DedupKey(texts, texts)
        case RatedExample():
            both = (example.answer, example.question)
            return DedupKey(both, both, str(example.welcome))
        case RetrievalExample():
            return DedupKey((example.query,), (example.query,), _passage_text(example.positive))
    raise TypeError(f"No form of examples: {type(example).__name__}.")


def _last_turns(history: tuple[DialogueTurn, ...]) -> tuple[str, ...]:
    return tuple(line.text for line in history[-COMPARED_TURNS:])


def _passage_text(passage: ExamplePassage) -> str:
    return f"{passage.title}\n{passage.text}"
