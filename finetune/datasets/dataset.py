"""A dataset: an immutable folder of examples, named after a hash of its contents.

    <kind>.<split>.jsonl    one example per line, in the forms of `finetune.examples`
    manifest.json           hashes, counts, what was filtered out, and whose words each example holds
    card.md                 the same for people to read, without the lineage

All examples of one conversation go into the same split, chosen by a hash of the conversation, so the split never
changes from one dataset to the next.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from finetune.errors import DatasetError
from finetune.examples import (
    Example,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
    read_examples,
)
from retrieval.files import sha256_of


class FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class FileRecord(FrozenModel):
    sha256: str
    rows: int


class ImportRecord(FrozenModel):
    """An imported file, by the name of its folder and its own, without the rest of its path."""

    name: str
    sha256: str
    rows: int


class SourceTurns(FrozenModel):
    """The turns that an example's words come from."""

    conversation: str
    turns: tuple[int, ...]


class TimeWindow(FrozenModel):
    """since: as given to the build. until: when the last exchange that was read was answered."""

    since: datetime | None = None
    until: datetime | None = None


class DatasetManifest(FrozenModel):
    """filters: what was left out or changed, by reason. lineage: the turns behind an example, by its id.

    replaces: ids of the datasets that this one was made from by forgetting. forgotten: examples lost that way.
    """

    id: str
    files: Mapping[str, FileRecord]
    filters: Mapping[str, int]
    lineage: Mapping[str, tuple[SourceTurns, ...]]
    imports: tuple[ImportRecord, ...] = ()
    log: TimeWindow = TimeWindow()
    replaces: tuple[str, ...] = ()
    forgotten: int = 0


TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
TENTHS = (TRAIN,) * 8 + (VALIDATION, TEST)


def group_of(example: str) -> str:
    """The middle field of an id; an id without fields is its own group."""
    fields = example.split(":")
    return fields[1] if len(fields) > 1 else example


def derived_id(source: str, origin: str, *names: str) -> str:
    """The id of a synthetic example, in the group of the example `origin` that it was made from."""
    return ":".join((source, group_of(origin), origin, *names))


def split_of(group: str) -> str:
    """80 % train, 10 % validation, 10 % test, by a hash."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest()
    return TENTHS[int.from_bytes(digest[:8], "big") % len(TENTHS)]


def pseudonym(conversation: str) -> str:
    """Stands for a conversation in example ids: its own id gives access to it and must not be in training data."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:16]


EXAMPLE_TYPES: Mapping[str, type[Example]] = {
    "rewriting": RewritingExample,
    "grounding": GroundingExample,
    "preference": PreferenceExample,
    "rated": RatedExample,
    "retrieval": RetrievalExample,
}
"""The kinds of examples."""
MANIFEST_FILE, CARD_FILE = "manifest.json", "card.md"


@dataclass(frozen=True, slots=True)
class Dataset:
    folder: Path
    manifest: DatasetManifest

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """Raises DatasetError if there is no dataset, or its files were changed."""
        dataset = cls.described(folder)
        for name, record in dataset.manifest.files.items():
            if not _matches(folder / name, record):
                raise DatasetError(folder, f"was changed after it was made ({name})")
        return dataset

    @classmethod
    def described(cls, folder: Path) -> "Dataset":
        """Opens it by its manifest alone, without checking the files. Raises DatasetError."""
        try:
            return cls(folder, DatasetManifest.model_validate_json((folder / MANIFEST_FILE).read_bytes()))
        except (OSError, ValidationError) as error:
            raise DatasetError(folder, f"cannot be read ({type(error).__name__}): remove it") from error

    @property
    def id(self) -> str:
        return self.manifest.id

    def path(self, kind: str, split: str) -> Path | None:
        """The file of a kind and split; None if the dataset has no such examples."""
        name = f"{kind}.{split}.jsonl"
        return self.folder / name if name in self.manifest.files else None

    def examples(self, kind: str, split: str) -> list[Example]:
        """In the form of their kind (`EXAMPLE_TYPES`), in the file's order. Raises BadFile."""
        path = self.path(kind, split)
        return list(read_examples(path, EXAMPLE_TYPES[kind])) if path else []

    def check_current(self) -> None:
        """Raises DatasetError if somebody in it was forgotten since: a model trained on it has learnt their words."""
        if not (self.folder / MANIFEST_FILE).is_file():
            raise DatasetError(self.folder, "was replaced, for somebody was forgotten meanwhile: train again")

    def rows(self, kind: str, split: str) -> int:
        record = self.manifest.files.get(f"{kind}.{split}.jsonl")
        return record.rows if record else 0


def kind_of(example: Example) -> str:
    return next(kind for kind, form in EXAMPLE_TYPES.items() if isinstance(example, form))


def dataset_id(files: Mapping[str, FileRecord]) -> str:
    """The id for the content of these files: the same examples give the same id."""
    told = "\n".join(f"{record.sha256} {name}" for name, record in sorted(files.items()))
    return f"d-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def all_datasets(folder: Path) -> list[Dataset]:
    """The datasets in `folder`, ordered by id. Raises DatasetError."""
    return [Dataset.described(found) for found in sorted(folder.glob("d-*"))]


def find_dataset(folder: Path, name: str) -> Dataset:
    """The dataset `name` in `folder`, or the one that replaced it when somebody was forgotten.

    Raises DatasetError.
    """
    if (folder / name / MANIFEST_FILE).is_file():
        return Dataset.open(folder / name)
    for dataset in all_datasets(folder):
        if name in dataset.manifest.replaces:
            return dataset
    raise DatasetError(folder / name, "is not there")


def _matches(path: Path, record: FileRecord) -> bool:
    """Whether the file can be read and has the recorded content."""
    try:
        return sha256_of(path) == record.sha256
    except OSError:
        return False
