from pathlib import Path

import pytest

from retrieval.errors import IngestFailed
from retrieval.folder import find_files
from retrieval.loaders import suffix_of


def test_files_are_read_or_named(tmp_path: Path) -> None:
    root = tmp_path / "documents"
    for name in ("a.md", "sub/b.PDF", "photo.jpg", ".hidden.md", ".git/c.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    found = find_files(root)
    assert sorted(found.read) == ["a.md", "sub/b.PDF"]
    assert (found.skipped, found.refused) == (("photo.jpg",), {})


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    root, outside = tmp_path / "documents", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (root / "real.md").write_text("x")
    (root / "link.md").symlink_to(root / "real.md")
    (root / "secret.md").symlink_to(outside / "secret.md")
    (root / "all").symlink_to(outside)
    (root / "sub" / "up").symlink_to(root)
    (root / "nothing.md").symlink_to(root / "gone.md")
    found = find_files(root)
    assert sorted(found.read) == ["link.md", "real.md"]
    assert {name: reason.split()[-1] for name, reason in found.refused.items()} == {
        "all": "folder",
        "secret.md": "folder",
        "sub/up": "are",
        "nothing.md": "nothing",
    }


def test_one_file_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    assert list(find_files(tmp_path / "a.md").read) == ["a.md"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IngestFailed, match="does not exist"):
        find_files(tmp_path / "none")


@pytest.mark.parametrize(
    ("source", "suffix"),
    [("a/b.MD", ".md"), ("_sources/x.rst.txt", ".rst"), ("v1.2.txt", ".txt"), ("README", ""), ("x.png", "")],
)
def test_a_file_is_read_by_what_it_is(source: str, suffix: str) -> None:
    assert suffix_of(source) == suffix
