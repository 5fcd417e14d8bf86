"""`groundtalk init`: a folder with a bot of one's own, which runs at once."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.errors import FolderNotEmpty

PROJECT = Path(__file__).parents[1] / "project"
"""The files of a new project; a hidden file would not be packaged, so `.env` is called `env` there."""

app = typer.Typer()


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="New or empty.")]) -> None:
    """Create a project: documents, a step, settings and a README. Nothing is overwritten."""
    create_project(folder)
    Console(highlight=False, soft_wrap=True).print(
        f"{folder} is ready. Next: cd {folder} && groundtalk serve", markup=False
    )


def create_project(folder: Path) -> None:
    """Raises FolderNotEmpty, OSError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderNotEmpty(folder)
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "env").rename(folder / ".env")
