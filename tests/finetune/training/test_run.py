"""A run is a folder that knows what was asked for."""

import os
from pathlib import Path

import pytest

from finetune.errors import RunMismatch
from finetune.training.run import Run

RECORD = {"base": "tiny", "parent": None, "options": {"rank": 4}}


def test_what_was_asked_for_is_on_record(tmp_path: Path) -> None:
    run = Run.begin(tmp_path / "run", RECORD)
    assert run.record == Run(tmp_path / "run").record == RECORD
    assert not run.finished


def test_the_same_run_is_gone_on_with(tmp_path: Path) -> None:
    Run.begin(tmp_path / "run", RECORD).artifact.mkdir()
    assert Run.begin(tmp_path / "run", RECORD).finished


def test_its_record_is_written_once_and_whole(tmp_path: Path) -> None:
    told = Run.begin(tmp_path / "run", RECORD).folder / "run.json"
    os.utime(told, (0, 0))
    Run.begin(tmp_path / "run", RECORD)
    assert told.stat().st_mtime == 0
    assert [path.name for path in told.parent.iterdir()] == ["run.json"]


@pytest.mark.parametrize("left", ["", '{"base": "ti'])
def test_a_run_with_half_a_record_is_not_gone_on_with(tmp_path: Path, left: str) -> None:
    (Run.begin(tmp_path / "run", RECORD).folder / "run.json").write_text(left)
    with pytest.raises(RunMismatch, match="damaged"):
        Run.begin(tmp_path / "run", RECORD)


def test_another_run_is_not_mixed_up_with_it(tmp_path: Path) -> None:
    Run.begin(tmp_path / "run", RECORD)
    with pytest.raises(RunMismatch, match="Choose another name"):
        Run.begin(tmp_path / "run", RECORD | {"parent": "r-000000000000"})
    assert Run(tmp_path / "run").record == RECORD
