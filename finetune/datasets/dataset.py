"""A dataset: an immutable folder of examples, named by what is in it.

    <kind>.<split>.jsonl    one example a line, in the forms of `finetune.examples`
    manifest.json           hashes, counts, lineage
    card.md                 the same for people to read, without lineage

Knows how a dataset is read and checked; not how it is made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from finetune.datasets.manifest import FileRecord, Manifest
from finetune.errors import DatasetError
from finetune.examples import (
    Example,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
    read,
)

FORMS: Mapping[str, type[Example]] = {
    "rewriting": RewritingExample,
    "grounding": GroundingExample,
    "preference": PreferenceExample,
    "rated": RatedExample,
    "retrieval": RetrievalExample,
}
"""The kinds of examples."""
MANIFEST, CARD = "manifest.json", "card.md"


@dataclass(frozen=True, slots=True)
class Dataset:
    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """Raises DatasetError if there is no dataset, or its files are not those that were written."""
        dataset = cls.described(folder)
        for name, record in dataset.manifest.files.items():
            if _sha256(folder / name) != record.sha256:
                raise DatasetError(folder, f"was changed after it was made ({name})")
        return dataset

    @classmethod
    def described(cls, folder: Path) -> "Dataset":
        """By its manifest alone: quick, and the files are not checked. Raises DatasetError."""
        try:
            return cls(folder, Manifest.model_validate_json((folder / MANIFEST).read_bytes()))
        except (OSError, ValidationError) as error:
            raise DatasetError(folder, f"cannot be read ({type(error).__name__}): remove it") from error

    @property
    def id(self) -> str:
        return self.manifest.id

    def path(self, kind: str, split: str) -> Path | None:
        """The file of a kind's split; None where the dataset has no such examples."""
        name = f"{kind}.{split}.jsonl"
        return self.folder / name if name in self.manifest.files else None

    def examples(self, kind: str, split: str) -> list[Example]:
        """In the form of their kind (`FORMS`), in the file's order. Raises BadFile."""
        path = self.path(kind, split)
        return list(read(path, FORMS[kind])) if path else []

    def check_current(self) -> None:
        """Raises DatasetError if somebody was forgotten since: what was learnt from it learnt their words."""
        if not (self.folder / MANIFEST).is_file():
            raise DatasetError(self.folder, "was replaced, for somebody was forgotten meanwhile: train again")

    def rows(self, kind: str, split: str) -> int:
        record = self.manifest.files.get(f"{kind}.{split}.jsonl")
        return record.rows if record else 0


def kind_of(example: Example) -> str:
    return next(kind for kind, form in FORMS.items() if isinstance(example, form))


def identity(files: Mapping[str, FileRecord]) -> str:
    """The id of what these files hold: the same examples make the same dataset."""
    told = "\n".join(f"{record.sha256} {name}" for name, record in sorted(files.items()))
    return f"d-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def datasets_in(folder: Path) -> list[Dataset]:
    """Those in `folder`, by id. Raises DatasetError."""
    return [Dataset.described(found) for found in sorted(folder.glob("d-*"))]


def find_dataset(folder: Path, name: str) -> Dataset:
    """The dataset `name` in `folder`, or the one that took its place when somebody was forgotten.

    Raises DatasetError.
    """
    if (folder / name / MANIFEST).is_file():
        return Dataset.open(folder / name)
    for dataset in datasets_in(folder):
        if name in dataset.manifest.replaces:
            return dataset
    raise DatasetError(folder / name, "is not there")


def _sha256(path: Path) -> str:
    """Of a file; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
