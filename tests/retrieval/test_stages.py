"""An ingest in stages: keywords first, then each part of the encoder; killed in the middle, it goes on where it was."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.collection import Collection
from retrieval.encoders.combined import CombinedEncoder
from retrieval.retriever import Retriever
from retrieval.snapshots import Snapshot
from tests.retrieval.fakes import HashingEncoder

PAGES = 80


@pytest.fixture
def english() -> HashingEncoder:
    return HashingEncoder("english")


@pytest.fixture
def multilingual() -> HashingEncoder:
    return HashingEncoder("multilingual")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More documents than are embedded in one go."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(PAGES):
        (folder / f"{number:03}.txt").write_text(f"Room {number} holds the meeting of team number {number}.")
    (folder / "热泵.txt").write_text("热泵在夜间很安静。")
    return folder


@pytest.fixture
def staged(tmp_path: Path, english: HashingEncoder, multilingual: HashingEncoder) -> Collection:
    return Collection(tmp_path / "staged", CombinedEncoder(english, multilingual))


class Watcher:
    """Opens the collection as another process does, and asks it whenever a new stage was published."""

    def __init__(self, collection: Collection) -> None:
        other = Collection(
            collection.folder, CombinedEncoder(HashingEncoder("english"), HashingEncoder("multilingual"))
        )
        self.retriever = Retriever(collection=other, k=1)
        self.stages: list[int] = []
        self.found: list[tuple[str, float]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        snapshot = self.retriever.collection.latest()
        if snapshot and snapshot.manifest.stage not in self.stages:
            self.stages.append(snapshot.manifest.stage)
            for question in ("Which room holds the meeting of team 17?", "热泵安静吗"):
                (found,) = self.retriever.invoke(question)
                self.found.append((found.metadata["source"], found.metadata["score"]))


def test_every_stage_answers_and_its_scores_may_be_believed(staged: Collection, many: Path) -> None:
    watcher = Watcher(staged)
    staged.ingest(many, watcher)
    watcher("published", 1, 1)
    assert watcher.stages == [0, 1, 2]
    assert [source for source, _ in watcher.found] == ["017.txt", "热泵.txt"] * 3
    assert all(0.2 < score <= 1 for _, score in watcher.found)


def test_keywords_alone_give_a_low_score_to_what_is_not_there(staged: Collection, many: Path) -> None:
    scores: list[float] = []

    def ask(stage: str, done: int, total: int) -> None:
        if stage == "embed" and not scores:
            (found,) = Retriever(collection=staged, k=1).invoke("How do I repair a bicycle in this room?")
            scores.append(found.metadata["score"])
            assert Retriever(collection=staged, k=1).invoke("bicycle") == []

    staged.ingest(many, ask)
    assert scores[0] < 0.2


def test_the_last_stage_is_what_an_ingest_in_one_go_gives(
    tmp_path: Path, staged: Collection, many: Path
) -> None:
    report = staged.ingest(many)
    assert staged.snapshot
    manifest, index = staged.snapshot.manifest, staged.snapshot.index
    assert manifest.complete
    rows = range(report.chunks)
    texts = [chunk.embedded for chunk in staged.snapshot.archive.chunks(rows)]
    assert (index.vectors.at(rows) == staged.encoder.encode(texts)).all()
    assert not list(staged.folder.glob("embedding*"))


def test_a_few_new_chunks_are_published_at_once_and_complete(staged: Collection, many: Path) -> None:
    staged.ingest(many)
    (many / "news.txt").write_text("The meeting of team 80 is in the garden.")
    watcher = Watcher(staged)
    report = staged.ingest(many, watcher)
    watcher("published", 1, 1)
    assert (report.embedded, watcher.stages) == (1, [2])


def test_many_new_chunks_do_not_make_the_others_poorer(staged: Collection, many: Path) -> None:
    staged.ingest(many)
    assert staged.snapshot
    known = staged.snapshot.index.vectors.at(range(PAGES))
    for number in range(PAGES):
        (many / f"new-{number:03}.txt").write_text(f"Garden {number} has a fence.")
    seen: list[Snapshot] = []

    def look(stage: str, done: int, total: int) -> None:
        snapshot = staged.latest()
        if stage == "embed" and snapshot and not seen:
            seen.append(snapshot)
            assert (snapshot.index.vectors.at(range(PAGES)) == known).all()
            for question, source in (("garden 5 fence", "new-005.txt"), ("the meeting of team 5", "005.txt")):
                assert Retriever(collection=staged, k=1).invoke(question)[0].metadata["source"] == source

    staged.ingest(many, look)
    assert [snapshot.manifest.stage for snapshot in seen] == [0]


def test_equal_texts_are_embedded_once(staged: Collection, many: Path, english: HashingEncoder) -> None:
    for number in range(5):
        (many / str(number)).mkdir()
        (many / str(number) / "notice.txt").write_text("All rooms are closed on Sunday.")
    staged.ingest(many)
    assert english.read.count("notice\nAll rooms are closed on Sunday.") == 1


class Stopped(Exception):
    pass


def test_what_was_embedded_is_not_embedded_again(
    staged: Collection, many: Path, english: HashingEncoder, multilingual: HashingEncoder
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "embed 2":
            raise Stopped

    with pytest.raises(Stopped):
        staged.ingest(many, stop)
    snapshot = staged.latest()
    assert snapshot and snapshot.manifest.stage == 1
    staged.adopt(staged.folder)
    assert staged.snapshot and staged.snapshot.manifest.complete
    assert len(english.read) == len(multilingual.read) == PAGES + 1


@pytest.mark.slow
def test_a_killed_ingest_goes_on_where_it_was(tmp_path: Path, many: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.retrieval.kill_embedding", str(tmp_path / "killed"), str(many)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    encoder = HashingEncoder("killed")
    collection = Collection(tmp_path / "killed", encoder)
    snapshot = collection.snapshot
    assert snapshot and snapshot.manifest.stage == 0
    report = collection.ingest(many)
    assert report.embedded == PAGES + 1
    assert len(encoder.read) == PAGES + 1 - 32
    fresh = encoder.encode([chunk.embedded for chunk in snapshot.archive.chunks(range(report.chunks))])
    assert collection.snapshot
    assert (collection.snapshot.index.vectors.at(range(report.chunks)) == fresh).all()


def test_a_damaged_cache_of_vectors_is_begun_anew(staged: Collection, many: Path) -> None:
    staged.folder.mkdir()
    (staged.folder / "embedding.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 100)
    staged.ingest(many)
    assert staged.snapshot and staged.snapshot.manifest.complete


def test_a_snapshot_from_before_there_were_stages_is_read(collection: Collection, documents: Path) -> None:
    report = collection.ingest(documents)
    path = collection.folder / "snapshots" / report.snapshot / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["stage"], manifest["stages"]
    path.write_text(json.dumps(manifest | {"format": 1}))
    former = Collection(collection.folder, HashingEncoder())
    assert former.snapshot and former.snapshot.manifest.complete
    assert former.ingest(documents).snapshot == report.snapshot
    assert np.array_equal(Snapshot(path.parent).index.vectors.at([0]), former.snapshot.index.vectors.at([0]))
