import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from retrieval.collection import Collection
from retrieval.errors import IngestFailed
from tests.retrieval.kill_ingest import PAGES


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Writing beyond `size` bytes fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.slow
def test_killed_at_any_touch_of_the_disk_the_collection_is_whole(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    for name, page in PAGES.items():
        (documents / f"{name}.txt").write_text(f"{page}: Version 0.")
    command = [
        sys.executable,
        "-m",
        "tests.retrieval.kill_ingest",
        str(tmp_path / "collection"),
        str(documents),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


@pytest.mark.parametrize("size", [1, 200, 4096, 20_000])
def test_a_full_disk_leaves_what_was_there(collection: Collection, documents: Path, size: int) -> None:
    before = collection.ingest(documents)
    (documents / "long.txt").write_text("\n".join(f"Sentence number {n}." for n in range(3000)))
    with no_file_larger_than(size), pytest.raises(IngestFailed, match="Free some space"):
        collection.ingest(documents)
    assert not (collection.folder / "snapshots" / ".new").exists()
    latest = collection.latest()
    assert latest and latest.id == before.snapshot
    assert collection.ingest(documents).added == 1
