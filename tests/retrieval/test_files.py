"""A file or a folder appears whole or not at all."""

import hashlib

import pytest

from retrieval.files import create_folder, sha256_of, write_atomically


def test_a_file_has_the_hash_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"text")
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"text").hexdigest()


def test_a_file_is_replaced_at_the_end_of_the_block(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with write_atomically(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), write_atomically(tmp_path / "folder") as partial:
        partial.mkdir()
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_written_anew(tmp_path):
    (tmp_path / ".folder.partial").mkdir()
    (tmp_path / ".folder.partial" / "stray").touch()
    with write_atomically(tmp_path / "folder") as partial:
        partial.mkdir()
    assert not list((tmp_path / "folder").iterdir())


def test_of_two_writers_of_a_folder_the_quicker_one_wins(tmp_path):
    with create_folder(tmp_path / "folder") as slow:
        (slow / "slow").touch()
        with create_folder(tmp_path / "folder") as quick:
            (quick / "quick").touch()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["quick"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
