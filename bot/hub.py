"""The model hub: catalogue files by their address, and whole repositories by their id.

Knows the hub's addresses and how to go on with half a file. Does not know which bytes are right.
"""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from rich.progress import Progress, TaskID

from bot.catalogue import Entry
from bot.errors import Unreachable

ID = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+?)(?:/(?P<file>.+\.gguf))?$")
WANTED = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
"""What encoders and generators are made of; a repository often holds the same weights in other forms too."""
PATIENCE = httpx.Timeout(30, connect=3)
BLOCK = 1 << 20


class Hub:
    """A hub with the addresses of huggingface.co. After one failed contact it is not asked again."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.name = urlsplit(self.endpoint).netloc
        self._silent: Unreachable | None = None

    def fetch(self, entry: Entry, work: Path, progress: Progress) -> None:
        """Puts the files under `work / "files"`, going on where a stopped run ended. Raises Unreachable."""
        if entry.hub is None:
            raise Unreachable(f"{self.name} does not hold them")
        if self._silent:
            raise self._silent
        try:
            with httpx.Client(timeout=PATIENCE, follow_redirects=True) as client:
                for file in entry.files:
                    self._file(client, f"{entry.hub}/resolve/main/{quote(file)}", work, file, progress)
        except httpx.HTTPStatusError as error:
            raise Unreachable(f"{self.name} answered {error.response.status_code}") from None
        except httpx.TransportError as error:
            self._silent = Unreachable(f"{self.name} cannot be reached ({type(error).__name__})")
            raise self._silent from None

    def _file(self, client: httpx.Client, address: str, work: Path, file: str, progress: Progress) -> None:
        target = work / "files" / file
        if target.exists():
            return
        half = work / "halves" / file
        half.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        half.touch()
        headers = {"Range": f"bytes={half.stat().st_size}-", "Accept-Encoding": "identity"}
        with client.stream("GET", f"{self.endpoint}/{address}", headers=headers) as response:
            if response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                response.raise_for_status()
                _receive(response, half, progress.add_task(f"{file} from {self.name}"), progress)
        half.replace(target)

    def repository(self, name: str, folder: Path) -> Path | None:
        """The folder of a hub id `owner/name`, or the file of `owner/name/file.gguf`; None if it is no id.

        Kept under `folder`; once complete, the hub is not asked again. Raises Unreachable.
        """
        match = ID.match(name)
        if match is None:
            return None
        target = folder / name.replace("/", "--")
        complete = target / ".complete"
        file = match["file"]
        if not complete.exists():
            self._copy(match["repository"], file, target)
            complete.touch()
        return target / file if file else target

    def _copy(self, repository: str, file: str | None, target: Path) -> None:
        try:
            if file:
                hf_hub_download(repository, file, local_dir=target, endpoint=self.endpoint)
            else:
                snapshot_download(repository, local_dir=target, allow_patterns=WANTED, endpoint=self.endpoint)
        except (HfHubHTTPError, LocalEntryNotFoundError, httpx.TransportError) as error:
            raise Unreachable(
                f"{repository} cannot be fetched from {self.name}: {str(error).splitlines()[0]} "
                "Look at the id and at the connection, or give the path of a local copy."
            ) from None


def _receive(response: httpx.Response, half: Path, task: TaskID, progress: Progress) -> None:
    """Appends to `half` if the server went on where it ended; writes it anew if the server began again."""
    more = response.status_code == httpx.codes.PARTIAL_CONTENT
    have = half.stat().st_size if more else 0
    length = response.headers.get("content-length")
    progress.update(task, completed=have, total=have + int(length) if length else None)
    with half.open("ab" if more else "wb") as out:
        for block in response.iter_bytes(BLOCK):
            out.write(block)
            progress.advance(task, len(block))
