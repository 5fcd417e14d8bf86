"""The hub, here an HTTP server: files by their address, half a file gone on with, a silent hub left alone."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.progress import Progress

from bot.errors import Unreachable
from bot.models.catalog import CatalogEntry
from bot.models.download import Hub

NOBODY = "http://127.0.0.1:9"
DATA = b"one file " * 999
ENTRY = CatalogEntry("solo", "generator", "", "", files={"solo.gguf": ""}, hub="owner/solo")


class HubServer(SimpleHTTPRequestHandler):
    """Serves files with ranges, as the hub does, and remembers what it was asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers['Range']}")
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        data, start = path.read_bytes(), int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        if start >= len(data):
            return self.send_error(416)
        self.send_response(206)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:])
        return None

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(tmp_path) -> Iterator[tuple[str, Path, list[str]]]:
    """A hub's address, the file `solo.gguf` that it serves, and the requests it got."""
    shelf = tmp_path / "shelf" / "owner" / "solo" / "resolve" / "main"
    shelf.mkdir(parents=True)
    (shelf / "solo.gguf").write_bytes(DATA)
    asked: list[str] = []
    kind = type("Recording", (HubServer,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=tmp_path / "shelf"))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", shelf / "solo.gguf", asked
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(endpoint: str, work: Path) -> bytes:
    Hub(endpoint).fetch(ENTRY, work, Progress(disable=True))
    return (work / "files" / "solo.gguf").read_bytes()


def half_a_file(work: Path, data: bytes) -> None:
    half = work / "halves" / "solo.gguf"
    half.parent.mkdir(parents=True)
    half.write_bytes(data)


def test_a_file_is_fetched_by_its_address(tmp_path, hub):
    endpoint, _, asked = hub
    assert fetched(endpoint, tmp_path) == DATA
    assert asked == ["/owner/solo/resolve/main/solo.gguf bytes=0-"]


def test_half_a_file_is_gone_on_with(tmp_path, hub):
    endpoint, _, asked = hub
    half_a_file(tmp_path, DATA[:1000])
    assert fetched(endpoint, tmp_path) == DATA
    assert asked == ["/owner/solo/resolve/main/solo.gguf bytes=1000-"]


def test_a_half_that_is_whole_is_taken_as_it_is(tmp_path, hub):
    half_a_file(tmp_path, DATA)
    assert fetched(hub[0], tmp_path) == DATA


def test_a_finished_file_is_not_asked_for(tmp_path, hub):
    endpoint, _, asked = hub
    fetched(endpoint, tmp_path)
    fetched(endpoint, tmp_path)
    assert len(asked) == 1


def test_a_hub_without_the_file_says_so(tmp_path, hub):
    endpoint, file, _ = hub
    file.unlink()
    with pytest.raises(Unreachable, match="answered 404"):
        fetched(endpoint, tmp_path)


def test_a_hub_that_could_not_be_reached_is_not_asked_again(tmp_path, hub):
    silent = Hub(NOBODY)
    with pytest.raises(Unreachable, match="cannot be reached"):
        silent.fetch(ENTRY, tmp_path, Progress(disable=True))
    silent.endpoint = hub[0]
    with pytest.raises(Unreachable, match="cannot be reached"):
        silent.fetch(ENTRY, tmp_path, Progress(disable=True))


def test_a_name_that_is_no_id_has_no_repository(tmp_path):
    assert Hub(NOBODY).repository("solitude", tmp_path) is None


@pytest.mark.parametrize(
    ("name", "path"), [("owner/name", "owner--name"), ("owner/name/q.gguf", "owner--name--q.gguf/q.gguf")]
)
def test_a_complete_copy_of_a_repository_needs_no_hub(tmp_path, name, path):
    copy = tmp_path / name.replace("/", "--")
    copy.mkdir()
    (copy / ".complete").touch()
    assert Hub(NOBODY).repository(name, tmp_path) == tmp_path / path


def test_a_repository_that_cannot_be_had_names_the_remedy(tmp_path):
    with pytest.raises(Unreachable, match=r"owner/name cannot be fetched .* give the path of a local copy"):
        Hub(NOBODY).repository("owner/name", tmp_path)
