"""Search questions and the corpus to search, read from a BEIR folder (Thakur et al. 2021) or made from examples.

The folder holds `corpus.jsonl` and `queries.jsonl`, either of them optionally gzipped, and `qrels.tsv` with a header.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, Field

from finetune.errors import BadFile
from finetune.examples import DialogueTurn, Example, ExamplePassage, RetrievalExample, read_examples


class SearchPassage(Example):
    """A passage of the corpus."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(alias="_id")
    title: str = ""
    text: str

    @property
    def embedded(self) -> str:
        """The text that is searched, below its title as in a chunk of a document."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class SearchQuestion(Example):
    """A question in a conversation, oldest turn first. rewrite: a person's, if there is one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(alias="_id")
    conversation_id: str = ""
    history: tuple[DialogueTurn, ...] = ()
    question: str
    rewrite: str | None = None


@dataclass(frozen=True, slots=True)
class SearchSet:
    """The folder's passages, and its questions that have at least one relevant passage.

    relevant: the grades, above 0, of the relevant passages by the question's id.
    """

    name: str
    corpus: tuple[SearchPassage, ...]
    questions: tuple[SearchQuestion, ...]
    relevant: Mapping[str, Mapping[str, int]]


def read_search_set(folder: Path, limit: int | None = None) -> SearchSet:
    """The whole corpus and the first `limit` questions. Raises BadFile."""
    relevant = _read_qrels(folder / "qrels.tsv")
    questions = read_examples(_find_file(folder, "queries"), SearchQuestion)
    judged = [question for question in questions if question.id in relevant]
    return SearchSet(
        folder.name,
        tuple(read_examples(_find_file(folder, "corpus"), SearchPassage)),
        tuple(judged[:limit]),
        relevant,
    )


def search_set_from_examples(
    name: str, examples: Iterable[RetrievalExample], others: Iterable[RetrievalExample] = ()
) -> SearchSet:
    """The queries of `examples`, each with all passages that answer it. The corpus includes those of `others`."""
    corpus: dict[str, SearchPassage] = {}
    questions: dict[str, SearchQuestion] = {}
    relevant: dict[str, dict[str, int]] = {}
    for example in examples:
        question = questions.setdefault(example.query, SearchQuestion(_id=example.id, question=example.query))
        relevant.setdefault(question.id, {})[example.positive.id] = 1
        corpus |= _corpus_passages(example)
    for example in others:
        corpus = _corpus_passages(example) | corpus
    return SearchSet(name, tuple(corpus.values()), tuple(questions.values()), relevant)


def _corpus_passages(example: RetrievalExample) -> dict[str, SearchPassage]:
    passages: tuple[ExamplePassage, ...] = (example.positive, *example.negatives)
    return {
        passage.id: SearchPassage(_id=passage.id, title=passage.title, text=passage.text)
        for passage in passages
    }


def _find_file(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.jsonl.gz"
    return packed if packed.is_file() else folder / f"{name}.jsonl"


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
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
