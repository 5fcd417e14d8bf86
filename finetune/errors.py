"""What can go wrong in learning and evaluation. Every message names the remedy.

FinetuneError
└── BadFile    a file of rows cannot be read, or a row has not the form it should have
"""

from pathlib import Path


class FinetuneError(Exception):
    """The root of this package's errors; its text may be shown to an operator."""


class BadFile(FinetuneError):
    """A file of rows cannot be read, or the row in `line` (from 1) has not the form it should have."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        place = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{place}: {problem}. docs/evaluation.md describes the forms of the files.")
        self.path = path
        self.line = line
