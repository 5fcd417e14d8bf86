"""Pairs of answers to one question from the same passages: one that people welcomed over one that they did not.

Reads rated examples from a file, twice, and holds only those whose question got both. Knows nothing of logs.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from finetune.datasets.duplicates import normalised
from finetune.examples import PreferenceExample, RatedExample, read


@dataclass(frozen=True, slots=True)
class Pair:
    """made_of: the ids of the two rated examples."""

    example: PreferenceExample
    made_of: tuple[str, str]


def pairs(path: Path) -> Iterator[Pair]:
    """Each rated example is in one pair at most; in the order of the file. Raises BadFile."""
    contested = _contested(path)
    waiting: defaultdict[bytes, list[RatedExample]] = defaultdict(list)
    for example in read(path, RatedExample):
        asked = _asked(example)
        if asked not in contested:
            continue
        other = next((one for one in waiting[asked] if one.welcome is not example.welcome), None)
        if other is None:
            waiting[asked].append(example)
        else:
            waiting[asked].remove(other)
            yield _pair(*sorted((example, other), key=lambda one: not one.welcome))


def _contested(path: Path) -> frozenset[bytes]:
    """Questions with welcome and unwelcome answers."""
    verdicts: defaultdict[bytes, set[bool]] = defaultdict(set)
    for example in read(path, RatedExample):
        verdicts[_asked(example)].add(example.welcome)
    return frozenset(asked for asked, given in verdicts.items() if len(given) > 1)


def _asked(example: RatedExample) -> bytes:
    told = [normalised(example.question), *sorted(passage.id for passage in example.passages)]
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogatepass")).digest()


def _pair(chosen: RatedExample, rejected: RatedExample) -> Pair:
    example = PreferenceExample(
        id=f"{chosen.id}:{rejected.id.partition(':')[2]}",
        language=chosen.language,
        history=chosen.history,
        question=chosen.question,
        passages=chosen.passages,
        rejected=rejected.answer,
        chosen=chosen.answer,
    )
    return Pair(example, (chosen.id, rejected.id))
