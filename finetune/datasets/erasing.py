"""Erases conversations (I7) from datasets: a dataset that holds their words is replaced by one that does not.

Datasets stay immutable: the replacement has an id of its own and lists the ids that it replaces.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from finetune.datasets.dataset import Dataset
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.errors import DatasetError


@dataclass(frozen=True, slots=True)
class ErasedExamples:
    """replaced: ids of datasets and of their replacements, empty if nothing was left.

    held: all datasets that ever held the words, those replaced earlier too: what was trained on them learnt from them.
    """

    replaced: Mapping[str, str]
    held: tuple[str, ...]
    examples: int


def erase_conversations(folder: Path, conversations: Collection[str]) -> ErasedExamples:
    """Erases every example made from `conversations` from the datasets in `folder`, which need not exist.

    Raises DatasetError for one that cannot be read, when all others are done.
    """
    if not folder.is_dir() or not conversations:
        return ErasedExamples({}, (), 0)
    directory = DatasetDirectory(folder)
    with directory.changing():
        directory.note(conversations)
        forgotten = erase_locked(directory, conversations)
        erase_pending(directory)
        return forgotten


def erase_pending(directory: DatasetDirectory) -> None:
    """Erases the conversations forgotten while a build ran, then their note. Call it in `directory.changing()`.

    Raises DatasetError as `erase_conversations`.
    """
    if noted := directory.noted():
        erase_locked(directory, noted)
    directory.clear()


def erase_locked(directory: DatasetDirectory, conversations: Collection[str]) -> ErasedExamples:
    """Like `erase_conversations`, for a caller that is in `directory.changing()` already."""
    replaced: dict[str, str] = {}
    held: list[str] = []
    examples, unread = 0, None
    for place in sorted(directory.folder.glob("d-*")):
        try:
            dataset = Dataset.described(place)
        except DatasetError as error:
            unread = unread or error
            continue
        if doomed := _affected_examples(dataset, conversations):
            examples += len(doomed)
            held += [*dataset.manifest.replaces, dataset.id]
            replaced[dataset.id] = _write_replacement(directory, dataset, doomed)
    if unread:
        raise unread
    return ErasedExamples(replaced, tuple(dict.fromkeys(held)), examples)


def _affected_examples(dataset: Dataset, conversations: Collection[str]) -> frozenset[str]:
    """Ids of the examples that hold words of the conversations."""
    lineage = dataset.manifest.lineage.items()
    return frozenset(
        name for name, made_of in lineage if any(s.conversation in conversations for s in made_of)
    )


def _write_replacement(directory: DatasetDirectory, dataset: Dataset, doomed: frozenset[str]) -> str:
    manifest = dataset.manifest
    with DatasetWriter(directory.folder) as writer:
        for file in manifest.files:
            kind = file.partition(".")[0]
            with (dataset.folder / file).open(encoding="utf-8") as lines:
                for line in lines:
                    name = json.loads(line)["id"]
                    if name not in doomed:
                        writer.add_line(kind, name, line.rstrip("\n"), manifest.lineage.get(name, ()))
        kept = writer.rows and writer.publish(
            filters=manifest.filters,
            imports=manifest.imports,
            log=manifest.log,
            replaces=(*manifest.replaces, dataset.id),
            forgotten=manifest.forgotten + len(doomed),
        )
    directory.remove(dataset.folder)
    return kept.id if kept else ""
