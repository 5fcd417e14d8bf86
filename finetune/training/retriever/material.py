"""What a retriever learns from: questions, the passages that answer them, and all the passages to find those among.

Reads files of retrieval examples and folders in BEIR form alike. Knows no encoder.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finetune.datasets.splitting import TRAIN, VALIDATION, group_of, split_of
from finetune.errors import NothingToLearn
from finetune.evaluation.searches import Searched, SearchQuestion, SearchSet, read_search_set
from finetune.examples import GivenPassage, RetrievalExample, read


@dataclass(frozen=True, slots=True)
class Material:
    """shown: by the question's id, passages that were found for it and of no use."""

    searches: SearchSet
    shown: Mapping[str, frozenset[str]]

    @property
    def questions(self) -> tuple[SearchQuestion, ...]:
        return self.searches.questions

    @property
    def texts(self) -> list[str]:
        """What is searched for, question by question: as a person rewrote it, where one did."""
        return [question.rewrite or question.question for question in self.questions]

    @property
    def passages(self) -> list[str]:
        return [passage.embedded for passage in self.searches.corpus]

    def positives(self) -> list[list[int]]:
        """For each question the rows of the passages that answer it."""
        rows = self._rows()
        return [[rows[id] for id in self.searches.relevant[question.id]] for question in self.questions]

    def negatives(self) -> list[list[int]]:
        """For each question the rows of the passages that were shown in vain."""
        rows = self._rows()
        shown = (self.shown.get(question.id, ()) for question in self.questions)
        return [sorted(rows[id] for id in ids) for ids in shown]

    def part(self, split: str) -> "Material":
        """The questions of a split, by whole conversations, as in a dataset."""
        return self.only(lambda question: split_of(_group(question)) == split)

    def only(self, chosen: Callable[[SearchQuestion], bool]) -> "Material":
        """The chosen questions, among all passages."""
        return replace(self, searches=replace(self.searches, questions=tuple(filter(chosen, self.questions))))

    def _rows(self) -> dict[str, int]:
        return {passage.id: row for row, passage in enumerate(self.searches.corpus)}


def read_material(paths: Sequence[Path]) -> Material:
    """What all files and folders hold together. Raises BadFile, and NothingToLearn where there is no question."""
    parts = [_folder(path) if path.is_dir() else _file(path) for path in paths]
    if not any(part.questions for part in parts):
        raise NothingToLearn("retriever")
    return parts[0] if len(parts) == 1 else joined(parts)


def joined(parts: Sequence[Material]) -> Material:
    """The parts as one; ids are told apart by the part's name."""
    named = [_named(part, f"{number}/") for number, part in enumerate(parts)]
    searches = SearchSet(
        "+".join(part.searches.name for part in parts),
        tuple(passage for part in named for passage in part.searches.corpus),
        tuple(question for part in named for question in part.questions),
        {id: wanted for part in named for id, wanted in part.searches.relevant.items()},
    )
    return Material(searches, {id: ids for part in named for id, ids in part.shown.items()})


def divided(material: Material) -> tuple[Material, Material]:
    """What to train on and what to validate with, among the same passages; what is kept for tests is in neither."""
    return material.part(TRAIN), material.part(VALIDATION)


def _group(question: SearchQuestion) -> str:
    """The last field of a conversation's name: XQuAD's paragraphs have one name in all languages."""
    return (question.conversation_id or question.id).rsplit(":", 1)[-1]


def _folder(path: Path) -> Material:
    return Material(read_search_set(path), {})


def _file(path: Path) -> Material:
    """Examples of one question belong together, and so do passages of one text, whatever they are called."""
    examples = list(read(path, RetrievalExample))
    corpus = {_content(passage): passage for example in examples for passage in _passages(example)}
    questions: dict[str, SearchQuestion] = {}
    relevant: dict[str, dict[str, int]] = {}
    shown: dict[str, set[str]] = {}
    for example in examples:
        asked = questions.setdefault(example.query, _question(example))
        relevant.setdefault(asked.id, {})[_content(example.positive)] = 1
        shown.setdefault(asked.id, set()).update(map(_content, example.negatives))
    passages = (Searched(_id=id, title=given.title, text=given.text) for id, given in corpus.items())
    searches = SearchSet(path.name.split(".")[0], tuple(passages), tuple(questions.values()), relevant)
    return Material(searches, {id: frozenset(ids - relevant[id].keys()) for id, ids in shown.items()})


def _question(example: RetrievalExample) -> SearchQuestion:
    return SearchQuestion(_id=example.id, conversation_id=group_of(example.id), question=example.query)


def _passages(example: RetrievalExample) -> Iterator[GivenPassage]:
    yield example.positive
    yield from example.negatives


def _content(passage: GivenPassage) -> str:
    return hashlib.sha256(f"{passage.title}\n{passage.text}".encode()).hexdigest()[:16]


def _named(part: Material, name: str) -> Material:
    def longer(ids: Iterable[str]) -> Iterator[str]:
        return (name + id for id in ids)

    searches = part.searches
    return Material(
        replace(
            searches,
            corpus=tuple(passage.model_copy(update={"id": name + passage.id}) for passage in searches.corpus),
            questions=tuple(
                question.model_copy(update={"id": name + question.id}) for question in part.questions
            ),
            relevant={
                name + id: {name + passage: grade for passage, grade in wanted.items()}
                for id, wanted in searches.relevant.items()
            },
        ),
        {name + id: frozenset(longer(ids)) for id, ids in part.shown.items()},
    )
