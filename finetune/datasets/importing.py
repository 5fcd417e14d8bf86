"""Reads example files to add to those from the log: JSON lines as in `finetune.examples`, support dialogues, and BEIR
folders.

The type of a file's examples is told by its first row. Examples are taken as they are; public data is not altered.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ConfigDict

from finetune.datasets.dataset import ImportRecord
from finetune.datasets.dialogue_answers import dialogue_examples
from finetune.datasets.dialogues import Dialogue
from finetune.datasets.search_set import SearchQuestion, read_search_set
from finetune.errors import BadFile
from finetune.examples import (
    Example,
    ExamplePassage,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
    read_examples,
)
from retrieval.files import sha256_of

DISTINCTIVE_FIELDS: tuple[tuple[type[Example], frozenset[str]], ...] = (
    (RewritingExample, frozenset({"question", "rewrite"})),
    (PreferenceExample, frozenset({"chosen", "rejected"})),
    (GroundingExample, frozenset({"passages", "evidence"})),
    (RatedExample, frozenset({"answer", "welcome"})),
    (RetrievalExample, frozenset({"query", "positive"})),
    (Dialogue, frozenset({"packet", "turns"})),
)
"""The fields by which a form is recognised."""


class UntypedExample(Example):
    """A row whose form is not known yet; it keeps all its fields."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = ""


def read_imported(path: Path) -> Iterator[Example]:
    """The examples of a file, or of a folder in BEIR form: a query with each of its relevant passages.

    A support dialogue gives examples of both tasks for each turn. Raises BadFile, at the row concerned.
    """
    if path.is_dir():
        return _read_beir(path)
    form = example_type(path)
    return dialogue_examples(path) if form is Dialogue else read_examples(path, form)


def example_type(path: Path) -> type[Example]:
    """The form of a file's first row. Raises BadFile if the file is empty or the form is unknown."""
    row = next(read_examples(path, UntypedExample, 1), None)
    if row is None:
        raise BadFile(path, None, "is empty")
    for form, fields in DISTINCTIVE_FIELDS:
        if fields <= row.model_fields_set:
            return form
    raise BadFile(
        path, 1, f"is in no form of examples (its fields: {', '.join(sorted(row.model_fields_set))})"
    )


def import_records(path: Path, rows: int) -> Iterator[ImportRecord]:
    """Records of what was read for `rows` examples: the file, or the files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        name = f"{file.absolute().parent.name}/{file.name}"
        yield ImportRecord(name=name, sha256=sha256_of(file), rows=rows)


def _read_beir(folder: Path) -> Iterator[Example]:
    searches = read_search_set(folder)
    corpus = {passage.id: passage for passage in searches.corpus}
    for question in searches.questions:
        for name in sorted(searches.relevant[question.id]):
            if name not in corpus:
                raise BadFile(
                    folder / "qrels.tsv", None, f"names a passage {name!r} that is not in the corpus"
                )
            passage = ExamplePassage(id=name, title=corpus[name].title, text=corpus[name].text)
            yield RetrievalExample(
                id=f"{searches.name}:{_conversation_group(question)}:{question.id}:{name}",
                language=question.language,
                query=question.rewrite or question.question,
                positive=passage,
            )


def _conversation_group(question: SearchQuestion) -> str:
    """The group of a question, as in the middle field of ids."""
    return (question.conversation_id or question.id).rsplit(":", 1)[-1]
