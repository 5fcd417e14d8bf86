"""An ingest that is killed after its first batch of vectors: `FOLDER DOCUMENTS`."""

import os
import signal
import sys
from pathlib import Path

from retrieval.collection import Collection
from tests.retrieval.fakes import HashingEncoder


def die(stage: str, done: int, total: int) -> None:
    if stage == "embed":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Collection(Path(sys.argv[1]), HashingEncoder("killed")).ingest(Path(sys.argv[2]), die)
