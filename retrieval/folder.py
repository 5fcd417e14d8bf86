"""The files below a folder: which are read, and why the others are not.

Nothing is read that lies outside the folder. A link to a file inside it is read under its own name; one to a folder
inside it is named, for its files are found where they are.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.errors import IngestFailed
from retrieval.loaders import suffix_of

_OUTSIDE = "it is a link to something outside of the folder"
_FOLDER = "it is a link to a folder; its files are read where they are"
_BROKEN = "it is a link to nothing"


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """read: paths by the source they are called by; refused: links that are not followed, with the reason.

    skipped: files of kinds that no loader reads.
    """

    read: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


def find_files(root: Path) -> FoundFiles:
    """The files below `root`, which may be one file. Hidden files and folders are passed over.

    Raises IngestFailed where nothing is there.
    """
    if not root.exists():
        raise IngestFailed(f"{root} does not exist. Give a folder of documents, or one document.")
    if not root.is_dir():
        return _sorted(root.parent, [root], {})
    refused: dict[str, str] = {}
    files = [path for path in sorted(_walk(root)) if not _refuse(path, root, refused)]
    return _sorted(root, files, refused)


def _walk(root: Path) -> Iterator[Path]:
    """Files, and links to folders, in whatever order the system has them."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (here / name for name in [*names, *links] if not name.startswith("."))


def _refuse(path: Path, root: Path, refused: dict[str, str]) -> bool:
    """Whether a path is a link that is not read; then the reason is noted."""
    if not path.is_symlink():
        return not path.is_file()
    target = path.resolve()
    if not target.is_relative_to(root.resolve()):
        reason = _OUTSIDE
    elif not target.exists():
        reason = _BROKEN
    elif target.is_dir():
        reason = _FOLDER
    else:
        return False
    refused[_source(path, root)] = reason
    return True


def _sorted(base: Path, files: list[Path], refused: dict[str, str]) -> FoundFiles:
    named = {_source(path, base): path for path in files}
    read = {name: path for name, path in named.items() if suffix_of(name)}
    return FoundFiles(read, refused, tuple(name for name in named if name not in read))


def _source(path: Path, base: Path) -> str:
    """The path below `base`; bytes of a name that are no UTF-8 become question marks."""
    return path.relative_to(base).as_posix().encode("utf-8", "replace").decode()
