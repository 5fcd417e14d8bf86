from pathlib import Path

from retrieval.collection import Collection


def test_what_of_a_file_could_not_be_read_is_reported_beside_what_was(
    collection: Collection, documents: Path
) -> None:
    (documents / "damaged.txt").write_bytes("Ünïcode café, 20 €. ".encode() + b"\x96")
    report = collection.ingest(documents)
    assert report.problems == {}
    assert report.notes == {"damaged.txt": "1 damaged characters are shown as \ufffd"}
    assert collection.snapshot
    assert collection.snapshot.archive.document("damaged.txt")
    assert collection.ingest(documents).notes == report.notes
