"""A training run: a folder that records what is trained on what, and from which a killed run resumes.

run.json       what was asked for: base, parent, data, options
checkpoints/   where to resume, until the run has finished
tensorboard/   curves, while it runs
artifact/      the result
report.html    curves and figures of a finished run
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import RunMismatch
from retrieval.files import write_atomically

RECORD = "run.json"


def run_name(kind: str, record: Mapping[str, Any]) -> str:
    """The same name for the same record, so that an interrupted run is found again."""
    told = json.dumps(record, sort_keys=True).encode()
    return f"{kind}-{hashlib.sha256(told).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Run:
    folder: Path

    @classmethod
    def begin(cls, folder: Path, record: Mapping[str, Any]) -> "Run":
        """The run in `folder`: a new one, or the one to resume.

        Raises RunMismatch if the folder holds a different run, or one whose record is damaged.
        """
        place = folder / RECORD
        told = f"{json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()
        if not place.exists():
            with write_atomically(place) as partial:
                partial.write_bytes(told)
        elif place.read_bytes() != told:
            raise RunMismatch(folder)
        return cls(folder)

    @property
    def record(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / RECORD).read_text(encoding="utf-8")))

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        return self.folder / "tensorboard"

    @property
    def artifact(self) -> Path:
        return self.folder / "artifact"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def finished(self) -> bool:
        """Whether `artifact` exists; it is written last, and complete."""
        return self.artifact.is_dir()
