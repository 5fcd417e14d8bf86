"""Training data of a retriever: questions, the passages that answer them, the corpus, and hard negatives.

Read from files of retrieval examples and from BEIR folders alike. Hard negatives are mined with the current
retriever, vectors and keywords together. Passages that may answer after all are left out: those very similar to a
positive and, as in NV-Retriever (de Souza P. Moreira et al., 2024), those that score too close to it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finetune.datasets.dataset import TRAIN, VALIDATION, group_of, split_of
from finetune.datasets.search_set import SearchPassage, SearchQuestion, SearchSet, read_search_set
from finetune.errors import NothingToLearn
from finetune.examples import ExamplePassage, RetrievalExample, read_examples
from retrieval.encoders.base import Vectors
from retrieval.index import Hit, Index


@dataclass(frozen=True, slots=True)
class RetrieverData:
    """shown: passages that were found and not cited, by the question's id."""

    searches: SearchSet
    shown: Mapping[str, frozenset[str]]

    @property
    def questions(self) -> tuple[SearchQuestion, ...]:
        return self.searches.questions

    @property
    def texts(self) -> list[str]:
        """The text to search for of each question: a person's rewrite, if there is one."""
        return [question.rewrite or question.question for question in self.questions]

    @property
    def passages(self) -> list[str]:
        return [passage.embedded for passage in self.searches.corpus]

    def positives(self) -> list[list[int]]:
        """For each question the rows of the passages that answer it."""
        rows = self._rows()
        return [[rows[id] for id in self.searches.relevant[question.id]] for question in self.questions]

    def negatives(self) -> list[list[int]]:
        """For each question, the rows of the passages that were shown and not cited."""
        rows = self._rows()
        shown = (self.shown.get(question.id, ()) for question in self.questions)
        return [sorted(rows[id] for id in ids) for ids in shown]

    def part(self, split: str) -> "RetrieverData":
        """The questions of a split, by whole conversations, as in a dataset."""
        return self.only(lambda question: split_of(_split_group(question)) == split)

    def only(self, chosen: Callable[[SearchQuestion], bool]) -> "RetrieverData":
        """The chosen questions with all passages."""
        return replace(self, searches=replace(self.searches, questions=tuple(filter(chosen, self.questions))))

    def _rows(self) -> dict[str, int]:
        return {passage.id: row for row, passage in enumerate(self.searches.corpus)}


def read_retriever_data(paths: Sequence[Path]) -> RetrieverData:
    """The data of all files and folders together. Raises BadFile, and NothingToLearn if there are no questions."""
    parts = [_read_folder(path) if path.is_dir() else _read_file(path) for path in paths]
    if not any(part.questions for part in parts):
        raise NothingToLearn("retriever")
    return parts[0] if len(parts) == 1 else join_data(parts)


def join_data(parts: Sequence[RetrieverData]) -> RetrieverData:
    """The parts as one; ids are prefixed with the part's name."""
    named = [_prefix_ids(part, f"{number}/") for number, part in enumerate(parts)]
    searches = SearchSet(
        "+".join(part.searches.name for part in parts),
        tuple(passage for part in named for passage in part.searches.corpus),
        tuple(question for part in named for question in part.questions),
        {id: wanted for part in named for id, wanted in part.searches.relevant.items()},
    )
    return RetrieverData(searches, {id: ids for part in named for id, ids in part.shown.items()})


def split_data(material: RetrieverData) -> tuple[RetrieverData, RetrieverData]:
    """Training and validation data over the same passages; questions kept for tests are in neither."""
    return material.part(TRAIN), material.part(VALIDATION)


def _split_group(question: SearchQuestion) -> str:
    """The last field of a conversation's name: XQuAD's paragraphs have one name in all languages."""
    return (question.conversation_id or question.id).rsplit(":", 1)[-1]


def _read_folder(path: Path) -> RetrieverData:
    return RetrieverData(read_search_set(path), {})


def _read_file(path: Path) -> RetrieverData:
    """Examples of one question belong together, and so do passages of one text, whatever they are called."""
    examples = list(read_examples(path, RetrievalExample))
    corpus = {_content_id(passage): passage for example in examples for passage in _passages(example)}
    questions: dict[str, SearchQuestion] = {}
    relevant: dict[str, dict[str, int]] = {}
    shown: dict[str, set[str]] = {}
    for example in examples:
        asked = questions.setdefault(example.query, _question(example))
        relevant.setdefault(asked.id, {})[_content_id(example.positive)] = 1
        shown.setdefault(asked.id, set()).update(map(_content_id, example.negatives))
    passages = (SearchPassage(_id=id, title=given.title, text=given.text) for id, given in corpus.items())
    searches = SearchSet(path.name.split(".")[0], tuple(passages), tuple(questions.values()), relevant)
    return RetrieverData(searches, {id: frozenset(ids - relevant[id].keys()) for id, ids in shown.items()})


def _question(example: RetrievalExample) -> SearchQuestion:
    return SearchQuestion(_id=example.id, conversation_id=group_of(example.id), question=example.query)


def _passages(example: RetrievalExample) -> Iterator[ExamplePassage]:
    yield example.positive
    yield from example.negatives


def _content_id(passage: ExamplePassage) -> str:
    return hashlib.sha256(f"{passage.title}\n{passage.text}".encode()).hexdigest()[:16]


def _prefix_ids(part: RetrieverData, name: str) -> RetrieverData:
    def longer(ids: Iterable[str]) -> Iterator[str]:
        return (name + id for id in ids)

    searches = part.searches
    return RetrieverData(
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


_HITS = 100
"""How many hits are considered for each question."""


@dataclass(frozen=True, slots=True)
class MiningOptions:
    """count: negatives a question, at most.

    alike: the cosine with a positive from which a passage counts as one more positive.
    margin: the share of its best positive's relevance from which a hit may be an answer nobody marked; None keeps
    all, which suits where every passage was judged.
    """

    count: int = 16
    alike: float = 0.95
    margin: float | None = None


DEFAULT_MINING = MiningOptions()


def hard_negatives(
    index: Index, material: RetrieverData, questions: Vectors, mining: MiningOptions = DEFAULT_MINING
) -> list[list[int]]:
    """For each question, the passages that were shown and not cited, then the mined ones.

    questions: their vectors; index: over the material's passages.
    """
    mined = mine_negatives(index, material.texts, questions, material.positives(), mining)
    shown = material.negatives()
    return [list(dict.fromkeys((*ours, *more))) for ours, more in zip(shown, mined, strict=True)]


def mine_negatives(
    index: Index,
    texts: Sequence[str],
    questions: Vectors,
    positives: Sequence[Sequence[int]],
    mining: MiningOptions,
) -> list[list[int]]:
    """For each question up to `mining.count` rows, the hardest first.

    texts, questions: the questions in words and as vectors (len(texts), dimension); positives: rows that answer them.
    """
    return [
        _hardest(index, index.search([text], question[None], _HITS), wanted, mining)
        for text, question, wanted in zip(texts, questions, positives, strict=True)
    ]


def _hardest(index: Index, hits: Sequence[Hit], positives: Sequence[int], mining: MiningOptions) -> list[int]:
    ceiling = _ceiling(hits, positives, mining)
    wrong = [hit.row for hit in hits if hit.row not in set(positives) and hit.relevance <= ceiling]
    if not wrong:
        return []
    likeness = (index.vectors.at(wrong) @ index.vectors.at(positives).T).max(axis=1)
    return [row for row, like in zip(wrong, likeness, strict=True) if like < mining.alike][: mining.count]


def _ceiling(hits: Sequence[Hit], positives: Sequence[int], mining: MiningOptions) -> float:
    """The relevance from which on a hit is not a negative; unlimited if no positive was found."""
    found = [hit.relevance for hit in hits if hit.row in set(positives)]
    return max(found) * mining.margin if found and mining.margin is not None else np.inf
