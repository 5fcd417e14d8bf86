"""Work for a process of its own."""

from pathlib import Path

from bot.settings import PACKAGE


def touch(name: str) -> None:
    """Makes a file, if our package is found."""
    assert PACKAGE.is_dir()
    Path(name).touch()
