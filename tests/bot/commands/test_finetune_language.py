"""What `groundtalk finetune rewriter|generator` understands before it trains."""

import sys

import pytest
import typer

from bot.commands import main
from bot.commands.finetune_language import _counts, _options
from finetune.datasets.dataset import TimeWindow
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.training.options import TrainingOptions


def test_options_are_given_by_name_and_have_the_type_of_their_default():
    given = _options(["rank=16", "layers=12", "learning_rate=1e-4", "packing=true", "method=adalora"])
    assert given == TrainingOptions(rank=16, layers=12, learning_rate=1e-4, packing=True, method="adalora")
    assert _options(None) == TrainingOptions()


@pytest.mark.parametrize("wrong", ["rank=big", "method=magic", "speed=11", "rank", "=3"])
def test_an_option_that_cannot_be_is_refused(wrong):
    with pytest.raises(typer.BadParameter):
        _options([wrong])


def test_sources_are_counted():
    assert _counts(["canard=2000", "gecor=400"]) == {"canard": 2000, "gecor": 400}
    with pytest.raises(typer.BadParameter):
        _counts(["canard=many"])


def test_a_dataset_that_is_not_there_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["finetune", "rewriter", "--dataset", "d-000000000000"])
    assert ended.value.code == 1
    assert "d-000000000000" in capsys.readouterr().err


def test_without_the_extra_the_remedy_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with DatasetWriter(DatasetDirectory(tmp_path / "var" / "datasets").folder) as writer:
        dataset = writer.publish(filters={}, log=TimeWindow())
    monkeypatch.delitem(sys.modules, "bot.training", raising=False)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SystemExit) as ended:
        main(["finetune", "rewriter", "--dataset", dataset.id])
    assert ended.value.code == 1
    assert "needs the package datasets" in (shown := capsys.readouterr().err)
    assert "[finetune]" in shown
