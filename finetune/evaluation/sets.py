"""Evaluation sets: files and folders of examples, and the test split of a dataset."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self, TypeVar

from finetune.datasets.dataset import SPLITS, TEST, Dataset
from finetune.datasets.dialogue_answers import grounding_examples, within
from finetune.datasets.dialogues import holds_dialogues, rewriting_examples, search_set
from finetune.datasets.examples_from_log import is_logged
from finetune.datasets.importing import example_type
from finetune.datasets.search_set import SearchSet, read_search_set, search_set_from_examples
from finetune.examples import Example, GroundingExample, RetrievalExample, RewritingExample, read_examples

Form = TypeVar("Form", bound=Example)

SEED = 17


@dataclass(frozen=True, slots=True)
class EvaluationSets:
    """Examples by the name of their set. rewrites: whether to search with our rewrites too."""

    rewriting: Mapping[str, Sequence[RewritingExample]] = field(default_factory=dict)
    answers: Mapping[str, Sequence[GroundingExample]] = field(default_factory=dict)
    retrieval: Sequence[SearchSet] = ()
    rewrites: bool = True

    @property
    def names(self) -> frozenset[str]:
        return frozenset((*self.rewriting, *self.answers, *(searches.name for searches in self.retrieval)))

    def __or__(self, other: Self) -> Self:
        """Both, to be measured together."""
        return replace(
            self,
            rewriting={**self.rewriting, **other.rewriting},
            answers={**self.answers, **other.answers},
            retrieval=(*self.retrieval, *other.retrieval),
        )


def held_out_sets(dataset: Dataset, tasks: Collection[str], limit: int, *, logged: bool) -> EvaluationSets:
    """The sets for `tasks` in the test split of a dataset: logged rows, or imported ones.

    The sets have the dataset's name; `limit` rows of each at most. Raises BadFile.
    """
    name = dataset.id if logged else f"{dataset.id} imported"

    def rows(kind: str, form: type[Form]) -> dict[str, list[Form]]:
        found = _tested(dataset, kind, form, logged)
        return {name: drawn(found, limit)} if found else {}

    return EvaluationSets(
        rewriting=rows("rewriting", RewritingExample) if "rewrite" in tasks else {},
        answers=rows("grounding", GroundingExample) if "answer" in tasks else {},
        retrieval=tuple(_searched(dataset, name, limit, logged)) if "retrieve" in tasks else (),
        rewrites=False,
    )


def frozen_sets(paths: Sequence[Path], tasks: Collection[str], limit: int) -> EvaluationSets:
    """The sets in files and folders that suit one of the tasks. Raises BadFile."""
    forms = {path: RetrievalExample if path.is_dir() else example_type(path) for path in paths}
    names = names_of(paths)
    return EvaluationSets(
        rewriting=_read(forms, names, RewritingExample, limit) if "rewrite" in tasks else {},
        answers=_read(forms, names, GroundingExample, limit) if "answer" in tasks else {},
        retrieval=[searches_at(path, limit) for path, form in forms.items() if form is RetrievalExample]
        if "retrieve" in tasks
        else (),
        rewrites=False,
    )


def searches_at(path: Path, limit: int | None = None) -> SearchSet:
    """A folder in BEIR form, or a file of retrieval examples or of support dialogues. Raises BadFile."""
    if path.is_dir():
        return read_search_set(path, limit)
    if holds_dialogues(path):
        searches = search_set(path)
        return replace(searches, questions=searches.questions[:limit])
    return search_set_from_examples(
        _stem(path), read_examples(path, RetrievalExample, limit), read_examples(path, RetrievalExample)
    )


def rewriting_at(path: Path) -> Iterator[RewritingExample]:
    """A file of rewriting examples, or the follow-ups of support dialogues. Raises BadFile."""
    return rewriting_examples(path) if holds_dialogues(path) else read_examples(path, RewritingExample)


def drawn(examples: Iterable[Form], most: int | None) -> list[Form]:
    """A random sample, always the same one: files are ordered by source, so the first rows are not representative."""
    every = list(examples)
    return every if most is None or most >= len(every) else random.Random(SEED).sample(every, most)


SHOWN_TOKENS = 320
"""A turn of a support dialogue is asked with its evidence and other passages of its packet, so many tokens in all."""


def answers_at(path: Path) -> Iterator[GroundingExample]:
    """The grounding examples of a file, or the turns of one of support dialogues. Raises BadFile."""
    if not holds_dialogues(path):
        return read_examples(path, GroundingExample)
    return (within(example, SHOWN_TOKENS) for example in grounding_examples(path))


def names_of(files: Iterable[Path]) -> dict[Path, str]:
    """The names of their sets: the file's name, or the whole path if two files have the same name."""
    short = {file: _stem(file) for file in files}
    counts = Counter(short.values())
    return {file: name if counts[name] == 1 else str(file) for file, name in short.items()}


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".jsonl")


def _tested(dataset: Dataset, kind: str, form: type[Form], logged: bool) -> list[Form]:
    path = dataset.path(kind, TEST)
    return (
        [example for example in read_examples(path, form) if is_logged(example.id) is logged] if path else []
    )


def _searched(dataset: Dataset, name: str, limit: int, logged: bool) -> Iterator[SearchSet]:
    """The test split's questions among all passages of the dataset."""
    if asked := _tested(dataset, "retrieval", RetrievalExample, logged)[:limit]:
        files = filter(None, (dataset.path("retrieval", split) for split in SPLITS))
        passages = (example for file in files for example in read_examples(file, RetrievalExample))
        yield search_set_from_examples(name, asked, passages)


def _read(
    forms: Mapping[Path, type[Example]], names: Mapping[Path, str], form: type[Form], limit: int
) -> dict[str, list[Form]]:
    return {
        names[path]: drawn(read_examples(path, form), limit) for path, told in forms.items() if told is form
    }
