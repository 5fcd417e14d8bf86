"""What a dataset says of itself: its files with their hashes, what was left out and why, and whose words it holds."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class FileRecord(Value):
    sha256: str
    rows: int


class Import(Value):
    """A file that was read beside the log; its folder's name and its own, not where it lay."""

    name: str
    sha256: str
    rows: int


class Source(Value):
    """Turns whose words are in an example."""

    conversation: str
    turns: tuple[int, ...]


class Window(Value):
    """since: as it was asked for. until: when the last exchange that was read was answered."""

    since: datetime | None = None
    until: datetime | None = None


class Manifest(Value):
    """filters: what was left out or changed, by reason. lineage: the turns behind an example, by its id.

    replaces: ids of the datasets that this one was made from by forgetting. forgotten: examples lost that way.
    """

    id: str
    files: Mapping[str, FileRecord]
    filters: Mapping[str, int]
    lineage: Mapping[str, tuple[Source, ...]]
    imports: tuple[Import, ...] = ()
    log: Window = Window()
    replaces: tuple[str, ...] = ()
    forgotten: int = 0
