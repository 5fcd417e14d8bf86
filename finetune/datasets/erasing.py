"""Forgetting (I7) in datasets: one that holds words of a forgotten conversation is replaced by one without them.

Datasets stay immutable: the new one has an id of its own and says which it replaces. Knows conversations by their ids,
not people.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from finetune.datasets.dataset import Dataset
from finetune.datasets.shelf import Shelf
from finetune.datasets.writing import DatasetWriter
from finetune.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Forgotten:
    """replaced: a dataset's id and that of the one in its place, empty where nothing was left.

    held: all datasets that ever held the words, those replaced earlier too: what was trained on them learnt from them.
    """

    replaced: Mapping[str, str]
    held: tuple[str, ...]
    examples: int


def forget_in(folder: Path, conversations: Collection[str]) -> Forgotten:
    """Erase every example made of `conversations` from the datasets in `folder`, which need not exist.

    Raises DatasetError for one that cannot be read, when all others are done.
    """
    if not folder.is_dir() or not conversations:
        return Forgotten({}, (), 0)
    shelf = Shelf(folder)
    with shelf.changing():
        shelf.note(conversations)
        forgotten = erase(shelf, conversations)
        erase_noted(shelf)
        return forgotten


def erase_noted(shelf: Shelf) -> None:
    """Erase who was forgotten while a build ran; the note goes when that is done. By whoever is changing the shelf.

    Raises DatasetError as `forget_in`.
    """
    if noted := shelf.noted():
        erase(shelf, noted)
    shelf.clear()


def erase(shelf: Shelf, conversations: Collection[str]) -> Forgotten:
    """As `forget_in`, by whoever is changing the shelf already."""
    replaced: dict[str, str] = {}
    held: list[str] = []
    examples, unread = 0, None
    for place in sorted(shelf.folder.glob("d-*")):
        try:
            dataset = Dataset.described(place)
        except DatasetError as error:
            unread = unread or error
            continue
        if doomed := _doomed(dataset, conversations):
            examples += len(doomed)
            held += [*dataset.manifest.replaces, dataset.id]
            replaced[dataset.id] = _replace(shelf, dataset, doomed)
    if unread:
        raise unread
    return Forgotten(replaced, tuple(dict.fromkeys(held)), examples)


def _doomed(dataset: Dataset, conversations: Collection[str]) -> frozenset[str]:
    """Ids of the examples that hold words of the conversations."""
    lineage = dataset.manifest.lineage.items()
    return frozenset(
        name for name, made_of in lineage if any(s.conversation in conversations for s in made_of)
    )


def _replace(shelf: Shelf, dataset: Dataset, doomed: frozenset[str]) -> str:
    manifest = dataset.manifest
    with DatasetWriter(shelf.folder) as writer:
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
    shelf.remove(dataset.folder)
    return kept.id if kept else ""
