"""What was learnt, as a thing with a name: a release, and the lineup that says which release does which task.

Knows no database and no weights.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TASKS = ("rewrite", "answer", "retrieve")
LANGUAGE = ("rewrite", "answer")
"""The tasks of the language model."""
BASE = "base"
"""In place of a release's id: the weights as they come."""
SHIPPED = "shipped"
"""In place of a release's id: the adapter that comes with this package."""
WITHOUT_FILES: Mapping[str, tuple[str, ...]] = {BASE: TASKS, SHIPPED: LANGUAGE}
"""What may be promoted though it is in no database, and for which tasks."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """size: in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Release:
    """base: the weights it was trained on, by the name in the catalogue. decision: what the gate said, once it did.

    files: by their path below the release's folder. What has the same base, tasks and files has the same id.
    """

    id: str
    tasks: tuple[str, ...]
    base: str
    parent: str | None
    dataset: str | None
    metrics: Mapping[str, Any]
    decision: Mapping[str, Any] | None
    files: Mapping[str, StoredFile]
    created_at: datetime

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True, slots=True)
class Lineup:
    """names: a release's id, `base` or `shipped`, by task; whoever loads it chooses for a task without a name.

    number: of the promotion that made it, 0 before the first one.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    reason: str = ""
    since: datetime | None = None

    def given_to(self, name: str, tasks: Iterable[str]) -> dict[str, str]:
        """The names if `name` takes over `tasks`."""
        return {**self.names, **dict.fromkeys(tasks, name)}

    @property
    def releases(self) -> Collection[str]:
        """The ids of the releases in it."""
        return {name for name in self.names.values() if name not in WITHOUT_FILES}
