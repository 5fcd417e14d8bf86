"""Kills an ingest at its n-th touch of the disk, for every n, and looks at what is left: `FOLDER DOCUMENTS`.

Prints the number of kills; a line on stderr and exit code 1 tell of a collection that is not whole.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from retrieval.collection import Collection
from tests.retrieval.fakes import HashingEncoder

PAGES = {"a": "Delivery by parcel service", "b": "Warranty for batteries", "c": "Opening hours in winter"}
"""What the documents are about: pages that say the same would be indexed once."""
_TOUCHES = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "sqlite3.connect", "shutil.rmtree"}


def ingest(folder: Path, documents: Path, touches: int) -> int:
    """Ingests in a process that dies at its touch number `touches`; returns how the process ended."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = touches

    def die(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in _TOUCHES:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die)
    Collection(folder, HashingEncoder()).ingest(documents)
    os._exit(0)


def look(folder: Path) -> str:
    """What the documents say in the current snapshot; fails where it is not one version of them, and whole."""
    snapshot = Collection(folder, HashingEncoder()).snapshot
    assert snapshot
    chunks = snapshot.archive.chunks(range(snapshot.manifest.chunks))
    (said,) = {chunk.text.partition(": ")[2] for chunk in chunks}
    assert len(chunks) == snapshot.index.vectors.rows == 3
    return said


def main(folder: Path, documents: Path) -> None:
    Collection(folder, HashingEncoder()).ingest(documents)
    before = look(folder)
    for touches in count(1):
        for path in documents.iterdir():
            path.write_text(f"{PAGES[path.stem]}: Version {touches}.")
        ended = ingest(folder, documents, touches)
        now = look(folder)
        assert now in (before, f"Version {touches}."), now
        before = now
        if ended == 0:
            assert now == f"Version {touches}."
            sys.stdout.write(f"{touches - 1}\n")
            return
        assert ended == -signal.SIGKILL


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
