import os
import shutil
from pathlib import Path

import pytest

from retrieval.chunking import Chunking
from retrieval.collection import Collection
from retrieval.errors import FingerprintMismatch, IngestFailed, IngestRunning, SnapshotDamaged
from retrieval.retriever import Retriever
from retrieval.snapshots import Snapshot, SnapshotDirectory
from tests.retrieval.fakes import HashingEncoder


def sources(snapshot: Snapshot | None) -> set[str]:
    assert snapshot
    return set(snapshot.archive.digests())


def test_nothing_is_there_before_the_first_ingest(collection: Collection) -> None:
    assert collection.snapshot is None
    assert collection.latest() is None
    assert not collection.refresh()


def test_an_ingest_makes_the_documents_searchable(collection: Collection, documents: Path) -> None:
    report = collection.ingest(documents)
    assert (report.documents, report.added, report.problems) == (3, 3, {})
    assert collection.snapshot and collection.snapshot.id == report.snapshot
    assert sources(collection.snapshot) == {"returns.md", "noise.txt", "zh/returns.md"}
    assert collection.snapshot.manifest.chunks == collection.snapshot.index.vectors.rows == report.chunks


def test_progress_is_told_by_stage(collection: Collection, documents: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = collection.ingest(documents, lambda *step: told.append(step))
    assert told == [("read", 1, 3), ("read", 2, 3), ("read", 3, 3), ("embed", report.chunks, report.chunks)]


def test_what_has_not_changed_is_not_embedded_again(
    collection: Collection, documents: Path, encoder: HashingEncoder
) -> None:
    collection.ingest(documents)
    encoder.read.clear()
    (documents / "noise.txt").write_text("The heat pump hums.")
    report = collection.ingest(documents)
    assert (report.embedded, report.added, report.changed, report.removed) == (1, 0, 1, 0)
    assert encoder.read == ["noise\nThe heat pump hums."]


def test_what_was_taken_over_is_found_as_before(
    collection: Collection, documents: Path, encoder: HashingEncoder
) -> None:
    collection.ingest(documents)
    (documents / "a-new-one.txt").write_text("Chargers are sold in pairs.")
    collection.ingest(documents)
    fresh = Collection(collection.folder.with_name("fresh"), encoder)
    fresh.ingest(documents)
    assert collection.snapshot and fresh.snapshot
    rows = range(fresh.snapshot.manifest.chunks)
    assert collection.snapshot.archive.chunks(rows) == fresh.snapshot.archive.chunks(rows)
    assert (collection.snapshot.index.vectors.at(rows) == fresh.snapshot.index.vectors.at(rows)).all()


def test_a_document_that_is_gone_disappears(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    (documents / "noise.txt").unlink()
    assert collection.ingest(documents).removed == 1
    assert sources(collection.snapshot) == {"returns.md", "zh/returns.md"}


def test_without_a_change_no_snapshot_is_made(collection: Collection, documents: Path) -> None:
    first = collection.ingest(documents)
    assert collection.ingest(documents).snapshot == first.snapshot


def test_a_broken_file_is_reported_and_the_rest_is_ingested(collection: Collection, documents: Path) -> None:
    (documents / "scan.pdf").write_bytes(b"%PDF-1.7 torn off")
    (documents / "empty.md").write_text("\n")
    (documents / "photo.jpg").write_bytes(b"\xff\xd8")
    report = collection.ingest(documents)
    assert report.documents == 3
    assert set(report.problems) == {"scan.pdf", "empty.md"}
    assert report.skipped == ("photo.jpg",)


def test_hidden_files_are_passed_over(collection: Collection, documents: Path) -> None:
    (documents / ".git").mkdir()
    (documents / ".git" / "notes.txt").write_text("secret")
    collection.ingest(documents)
    assert ".git/notes.txt" not in sources(collection.snapshot)


@pytest.mark.parametrize("content", [None, "folder", "photo.jpg", "broken.pdf"])
def test_nothing_readable_leaves_what_was_there(
    collection: Collection, documents: Path, tmp_path: Path, content: str | None
) -> None:
    before = collection.ingest(documents).snapshot
    other = tmp_path / "other"
    if content:
        other.mkdir()
        if "." in content:
            (other / content).write_bytes(b"nothing")
    with pytest.raises(IngestFailed):
        collection.ingest(other)
    assert collection.latest() is collection.snapshot
    assert collection.snapshot and collection.snapshot.id == before


def test_one_ingest_at_a_time(collection: Collection, documents: Path) -> None:
    with SnapshotDirectory(collection.folder).locked(), pytest.raises(IngestRunning):
        collection.ingest(documents)
    collection.ingest(documents)


def test_another_encoder_is_refused_with_the_remedy(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    with pytest.raises(FingerprintMismatch, match="ingest the documents again"):
        _ = Collection(collection.folder, HashingEncoder("another")).snapshot


def test_another_encoder_may_ingest_again_and_who_searches_keeps_what_fits(
    collection: Collection, documents: Path
) -> None:
    old = collection.ingest(documents).snapshot
    renewed = Collection(collection.folder, HashingEncoder("another"))
    report = renewed.ingest(documents)
    assert report.embedded == report.chunks
    latest = collection.latest()
    assert latest and latest.id == old


def test_other_chunk_lengths_cut_unchanged_files_again(
    collection: Collection, documents: Path, encoder: HashingEncoder
) -> None:
    few = collection.ingest(documents).chunks
    shorter = Collection(collection.folder, encoder, Chunking(4, least=0))
    assert shorter.ingest(documents).chunks > few


def test_what_another_process_published_is_picked_up(collection: Collection, documents: Path) -> None:
    other = Collection(collection.folder, HashingEncoder())
    first = other.ingest(documents).snapshot
    seen = collection.latest()
    assert seen and seen.id == first
    (documents / "noise.txt").unlink()
    second = other.ingest(documents).snapshot
    assert collection.refresh()
    assert collection.snapshot and collection.snapshot.id == second
    assert not collection.refresh()


def test_an_open_snapshot_outlives_its_files(collection: Collection, documents: Path) -> None:
    collection.ingest(documents)
    opened = collection.snapshot
    assert opened
    shutil.rmtree(collection.folder)
    question = collection.encoder.encode_questions(["refund"])
    hits = opened.index.search(["refund"], question, 3)
    assert opened.archive.chunks([hit.row for hit in hits])


def test_old_snapshots_are_removed_but_the_last_three(collection: Collection, documents: Path) -> None:
    published = []
    for day in range(6):
        (documents / "news.txt").write_text(f"Day {day}.")
        published.append(collection.ingest(documents).snapshot)
    assert sorted(path.name for path in (collection.folder / "snapshots").iterdir()) == published[-3:]


def test_a_damaged_snapshot_is_refused_and_made_anew(collection: Collection, documents: Path) -> None:
    id = collection.ingest(documents).snapshot
    vectors = collection.folder / "snapshots" / id / "vectors.faiss"
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"?")
    again = Collection(collection.folder, HashingEncoder())
    with pytest.raises(SnapshotDamaged, match=r"vectors\.faiss"):
        _ = again.snapshot
    assert again.ingest(documents).snapshot != id
    assert again.snapshot


def test_a_file_name_in_an_old_encoding_is_no_trouble(collection: Collection, documents: Path) -> None:
    Path(os.fsdecode(os.fsencode(documents) + b"/caf\xe9.txt")).write_text("Coffee is served at nine.")
    collection.ingest(documents)
    assert "caf?.txt" in sources(collection.snapshot)


def test_what_another_collection_holds_is_taken_over_without_the_documents(
    tmp_path: Path, collection: Collection, documents: Path
) -> None:
    collection.ingest(documents)
    shutil.rmtree(documents)
    other = Collection(tmp_path / "other", HashingEncoder("other"))

    other.adopt(collection.folder)
    assert other.snapshot and collection.snapshot
    first = other.snapshot.id
    other.adopt(collection.folder)

    assert other.snapshot.manifest.encoder == "other"
    assert other.snapshot.manifest.chunks == collection.snapshot.manifest.chunks
    assert other.snapshot.archive.digests() == collection.snapshot.archive.digests()
    assert other.snapshot.id == first, "nothing changed, so nothing was published"


def test_from_an_empty_folder_nothing_can_be_taken_over(tmp_path: Path, collection: Collection) -> None:
    with pytest.raises(SnapshotDamaged, match="no snapshot"):
        collection.adopt(tmp_path / "nothing")


def fill(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(f"The {name.partition('.')[0]} is lent for a week.")


def test_most_of_a_collection_is_removed_only_on_purpose(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "lent"
    fill(folder, "boat.md", "tent.md", "rope.md")
    collection.ingest(folder)
    (folder / "boat.md").unlink()
    assert collection.ingest(folder).removed == 1
    for name in ("tent.md", "rope.md"):
        (folder / name).unlink()
    with pytest.raises(IngestFailed, match=r"2 of 2 documents are gone.*allow the removal"):
        collection.ingest(folder)
    assert sources(collection.snapshot) == {"tent.md", "rope.md"}

    report = collection.ingest(folder, allow_removal=True)
    assert (report.removed, report.documents, report.chunks) == (2, 0, 0)
    assert sources(collection.snapshot) == set()
    assert Retriever(collection=collection).invoke("How long is the tent lent?") == []


def test_another_folder_takes_the_place_of_the_first(collection: Collection, tmp_path: Path) -> None:
    fill(tmp_path / "samples", "boat.md", "tent.md", "rope.md")
    collection.ingest(tmp_path / "samples")
    fill(tmp_path / "own", "prices.md")
    assert collection.ingest(tmp_path / "own").removed == 3


def test_what_was_not_read_does_not_count(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "lent"
    fill(folder, "boat.md")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "out.md").symlink_to("/etc/hostname")
    report = collection.ingest(folder)
    assert (report.added, report.documents) == (1, 1)
    assert set(report.problems) == {"broken.pdf", "out.md"}


def test_copies_are_indexed_once_and_come_back(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "lent"
    fill(folder, "a.md")
    (folder / "b.md").write_text((folder / "a.md").read_text())
    report = collection.ingest(folder)
    assert (report.copies, report.chunks) == ({"b.md": "a.md"}, 1)
    (found,) = Retriever(collection=collection).invoke("How long is it lent?")
    assert (found.metadata["source"], found.metadata["copies"]) == ("a.md", ["b.md"])

    (folder / "a.md").unlink()
    assert collection.ingest(folder).copies == {}
    (found,) = Retriever(collection=collection).invoke("How long is it lent?")
    assert (found.metadata["source"], found.metadata["copies"]) == ("b.md", [])


def test_what_all_pages_share_is_not_found_and_unchanged_pages_are_not_read_again(
    collection: Collection, tmp_path: Path, encoder: HashingEncoder
) -> None:
    folder = tmp_path / "lent"
    folder.mkdir()
    for name in ("boat", "tent", "rope", "lamp", "kettle"):
        (folder / f"{name}.md").write_text(f"Home and products\n\nThe {name} is lent.\n\nImprint and press\n")
    collection.ingest(folder)
    assert not any("Imprint" in text or "Home" in text for text in encoder.read)
    encoder.read.clear()
    (folder / "sledge.md").write_text("Home and products\n\nThe sledge is sold.\n\nImprint and press\n")
    assert collection.ingest(folder).embedded == 1
    assert encoder.read == ["sledge\nThe sledge is sold."]
