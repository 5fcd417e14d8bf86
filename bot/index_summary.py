"""What the published index says of itself, read from its two small files without loading what searches it."""

import json
from dataclasses import dataclass
from pathlib import Path

INDEX = "index"
"""The collection's folder in DATA_DIR."""


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """id: begins with the time in UTC. encoder: a fingerprint. complete: whether all vectors are computed."""

    id: str
    encoder: str
    documents: int
    chunks: int
    complete: bool


def published_index(data_dir: Path) -> IndexSummary | None:
    """None where nothing was read yet, or the files are damaged."""
    index = data_dir / INDEX
    try:
        current = (index / "CURRENT").read_text("utf-8").strip()
        manifest = json.loads((index / "snapshots" / current / "manifest.json").read_text("utf-8"))
        return IndexSummary(
            id=str(manifest["id"]),
            encoder=str(manifest["encoder"]),
            documents=int(manifest["documents"]),
            chunks=int(manifest["chunks"]),
            complete=manifest.get("stage") == manifest.get("stages"),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
