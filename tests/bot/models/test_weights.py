"""The cache of weights: the first place that has the right bytes, whole or not at all, and only once."""

import errno
import hashlib
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from rich.progress import Progress

from bot.errors import NoRoom, UnknownWeights, Unreachable, WrongBytes
from bot.models.catalog import CatalogEntry
from bot.models.download import Hub
from bot.models.weights import Weights

RIGHT = b"the right bytes"
FILES = {"config.json": hashlib.sha256(b"{}").hexdigest(), "model.bin": hashlib.sha256(RIGHT).hexdigest()}
ENTRY = CatalogEntry("bird", "encoder", "", "", len(RIGHT), FILES)
BUNDLED = CatalogEntry("bundled", "encoder", "", "")


@dataclass
class Shelf:
    """A place that holds `data` as model.bin, or raises it."""

    data: bytes | Exception
    name: str = "the shelf"
    asked: list[str] = field(default_factory=list)

    def fetch(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
        self.asked.append(entry.name)
        if isinstance(self.data, Exception):
            raise self.data
        (work / "files").mkdir(parents=True, exist_ok=True)
        (work / "files" / "config.json").write_bytes(b"{}")
        (work / "files" / "model.bin").write_bytes(self.data)


def weights(folder: Path, *places: Shelf, entry: CatalogEntry = ENTRY) -> Weights:
    return Weights(folder / "cache", Hub("http://127.0.0.1:9"), {"bird": entry, "bundled": BUNDLED}, places)


def test_the_first_place_that_has_the_right_bytes_is_the_last_one_asked(tmp_path):
    away, wrong = Shelf(Unreachable("not today")), Shelf(b"other bytes")
    right, unneeded = Shelf(RIGHT), Shelf(RIGHT)
    home = weights(tmp_path, away, wrong, right, unneeded).locate("bird")
    assert (home / "model.bin").read_bytes() == RIGHT
    assert [len(place.asked) for place in (away, wrong, right, unneeded)] == [1, 1, 1, 0]


def test_wrong_bytes_everywhere_are_an_error_and_nothing_stays(tmp_path):
    with pytest.raises(WrongBytes, match=r"model\.bin from the shelf is not the file"):
        weights(tmp_path, Shelf(b"other bytes"), Shelf(Unreachable("not today"))).locate("bird")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name == "model.bin"]


def test_when_nobody_has_them_every_reason_and_the_remedy_are_named(tmp_path):
    with pytest.raises(
        Unreachable, match=r"bird is not on this machine .*: not today; on holiday\. Connect .* or copy"
    ):
        weights(tmp_path, Shelf(Unreachable("not today")), Shelf(Unreachable("on holiday"))).locate("bird")


def test_the_second_time_needs_no_place_and_no_hashing(tmp_path, monkeypatch):
    home = weights(tmp_path, Shelf(RIGHT)).locate("bird")
    monkeypatch.setattr("bot.models.weights.sha256_of", None)
    assert weights(tmp_path).locate("bird") == home


def test_files_copied_by_hand_are_verified_and_taken(tmp_path):
    home = tmp_path / "cache" / "bird"
    home.mkdir(parents=True)
    (home / "config.json").write_bytes(b"{}")
    (home / "model.bin").write_bytes(RIGHT)
    assert weights(tmp_path).locate("bird") == home


def test_a_file_that_changed_after_it_was_verified_is_fetched_again(tmp_path):
    cache = weights(tmp_path, Shelf(RIGHT))
    model = cache.locate("bird") / "model.bin"
    assert cache.is_cached(ENTRY)
    model.write_bytes(b"bit rot")
    assert not cache.is_cached(ENTRY)
    cache.locate("bird")
    assert model.read_bytes() == RIGHT


def test_a_new_hash_in_the_catalog_asks_for_the_new_file(tmp_path):
    weights(tmp_path, Shelf(RIGHT)).locate("bird")
    newer = replace(ENTRY, files=FILES | {"model.bin": hashlib.sha256(b"newer").hexdigest()})
    home = weights(tmp_path, Shelf(b"newer"), entry=newer).locate("bird")
    assert (home / "model.bin").read_bytes() == b"newer"


def test_weights_of_a_dependency_have_no_path(tmp_path):
    assert weights(tmp_path).locate("bundled") is None
    assert weights(tmp_path).is_cached(BUNDLED)


def test_a_local_path_is_taken_as_it_is(tmp_path):
    own = tmp_path / "own.gguf"
    own.touch()
    assert weights(tmp_path).locate(str(own)) == own


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(UnknownWeights, match=r"No weights are called 'birb'\. Choose one of bird, bundled"):
        weights(tmp_path).locate("birb")


def test_a_disk_too_small_is_named_before_anything_is_fetched(tmp_path):
    place = Shelf(RIGHT)
    with pytest.raises(NoRoom, match="point WEIGHTS_DIR at a larger disk"):
        weights(tmp_path, place, entry=replace(ENTRY, size=1 << 60)).locate("bird")
    assert place.asked == []


def test_a_disk_that_fills_up_meanwhile_is_named_too(tmp_path):
    with pytest.raises(NoRoom, match="point WEIGHTS_DIR at a larger disk"):
        weights(tmp_path, Shelf(OSError(errno.ENOSPC, "No space left on device"))).locate("bird")


def test_what_is_derived_is_made_once_and_again_when_its_source_changes(tmp_path):
    source = tmp_path / "model.gguf"
    source.write_bytes(b"abc")
    made: list[Path] = []

    def upper(read: Path, write: Path) -> None:
        made.append(write)
        write.write_bytes(read.read_bytes().upper())

    cache = weights(tmp_path)
    first = cache.derived(source, "upper", upper)
    assert cache.derived(source, "upper", upper) == first
    source.write_bytes(b"abcd")
    assert cache.derived(source, "upper", upper).read_bytes() == b"ABCD"
    assert len(made) == 2


def test_what_is_derived_appears_whole_or_not_at_all(tmp_path):
    source = tmp_path / "model.gguf"
    source.write_bytes(b"abc")

    def fail(read: Path, write: Path) -> None:
        write.write_bytes(b"half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        weights(tmp_path).derived(source, "broken", fail)
    assert not list((tmp_path / "cache" / "derived").glob("[!.]*"))


def test_of_what_was_derived_only_the_newest_stay(tmp_path):
    weights = Weights(tmp_path / "weights", Hub("http://127.0.0.1:9"))
    source, other = tmp_path / "base[1].gguf", tmp_path / "other.gguf"
    source.write_bytes(b"weights")
    other.write_bytes(b"weights")

    def make(source: Path, target: Path) -> None:
        shutil.copy(source, target)

    def make_folder(source: Path, target: Path) -> None:
        target.mkdir()
        shutil.copy(source, target)

    made = [weights.derived(source, f"with-{n}", make) for n in range(3)]
    made.insert(1, weights.derived(source, "with-3", make_folder, suffix=""))
    kept = [weights.derived(source, "prepared", make), weights.derived(other, "with-0", make)]
    for age, path in enumerate(reversed(made)):
        os.utime(path, (1_000_000 - age, 1_000_000 - age))

    weights.trim(source, "with-", 2)

    assert [path.exists() for path in made] == [False, False, True, True]
    assert all(path.exists() for path in kept)
