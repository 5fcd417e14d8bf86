"""Questions to search with and the passages to find, from a folder in BEIR form (Thakur et al. 2021) or from examples.

The folder holds `corpus.jsonl`, `queries.jsonl`, either of them gzipped or not, and `qrels.tsv` with a header line.
Knows nothing of encoders or of measures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, Field

from finetune.errors import BadFile
from finetune.examples import Example, GivenPassage, Line, RetrievalExample, read


class Searched(Example):
    """A passage of the corpus."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(alias="_id")
    title: str = ""
    text: str

    @property
    def embedded(self) -> str:
        """What is searched: the text below its title, as a chunk of a document is."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class SearchQuestion(Example):
    """A question in a conversation, oldest turn first; `rewrite` is what a person made of it, where one did."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(alias="_id")
    conversation_id: str = ""
    history: tuple[Line, ...] = ()
    question: str
    rewrite: str | None = None


@dataclass(frozen=True, slots=True)
class SearchSet:
    """The folder's passages, and those of its questions to which at least one passage is relevant.

    relevant: the grades, above 0, of the relevant passages by the question's id.
    """

    name: str
    corpus: tuple[Searched, ...]
    questions: tuple[SearchQuestion, ...]
    relevant: Mapping[str, Mapping[str, int]]


def read_search_set(folder: Path, limit: int | None = None) -> SearchSet:
    """The whole corpus and the first `limit` questions. Raises BadFile."""
    relevant = _judgements(folder / "qrels.tsv")
    questions = read(_file(folder, "queries"), SearchQuestion)
    judged = [question for question in questions if question.id in relevant]
    return SearchSet(
        folder.name, tuple(read(_file(folder, "corpus"), Searched)), tuple(judged[:limit]), relevant
    )


def searches_of(
    name: str, examples: Iterable[RetrievalExample], others: Iterable[RetrievalExample] = ()
) -> SearchSet:
    """The queries of `examples`, each with all passages that answer it, among the passages of them and of `others`."""
    corpus: dict[str, Searched] = {}
    questions: dict[str, SearchQuestion] = {}
    relevant: dict[str, dict[str, int]] = {}
    for example in examples:
        question = questions.setdefault(example.query, SearchQuestion(_id=example.id, question=example.query))
        relevant.setdefault(question.id, {})[example.positive.id] = 1
        corpus |= _searched(example)
    for example in others:
        corpus = _searched(example) | corpus
    return SearchSet(name, tuple(corpus.values()), tuple(questions.values()), relevant)


def _searched(example: RetrievalExample) -> dict[str, Searched]:
    passages: tuple[GivenPassage, ...] = (example.positive, *example.negatives)
    return {
        passage.id: Searched(_id=passage.id, title=passage.title, text=passage.text) for passage in passages
    }


def _file(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.jsonl.gz"
    return packed if packed.is_file() else folder / f"{name}.jsonl"


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    try:
        lines = path.read_text("utf-8").splitlines()[1:]
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(path, None, f"cannot be read ({error})") from error
    relevant: dict[str, dict[str, int]] = {}
    for number, line in enumerate(lines, 2):
        try:
            question, passage, grade = line.split("\t")
            if int(grade) > 0:
                relevant.setdefault(question, {})[passage] = int(grade)
        except ValueError as error:
            raise BadFile(
                path, number, "is not a question's id, a passage's id and a whole number"
            ) from error
    return relevant
