"""Work in a process of its own: it is done, it does not hold the others up, and its failures come back with words."""

import os
from pathlib import Path

import pytest

from bot.models.engines import run_in_subprocess
from dialogue.errors import ClaimLost
from finetune.errors import FinetuneError


def note_process(file: Path) -> None:
    file.write_text(str(os.getpid()))


def fill_disk(file: Path) -> None:
    raise OSError(28, "No space left on device", str(file))


def lose() -> None:
    raise ClaimLost("home", 3)


@pytest.mark.slow
def test_it_is_done_elsewhere(tmp_path):
    run_in_subprocess(note_process, tmp_path / "process")
    assert int((tmp_path / "process").read_text()) != os.getpid()


@pytest.mark.slow
def test_failures_come_back(tmp_path):
    with pytest.raises(OSError, match="No space left"):
        run_in_subprocess(fill_disk, tmp_path)
    with pytest.raises(FinetuneError, match="Claim 3 on conversation 'home'"):
        run_in_subprocess(lose)
