"""A person is forgotten everywhere, and what learnt their words is named."""

from pathlib import Path

import pytest

from dialogue.store.store import Store
from finetune.datasets.builder import build_dataset
from finetune.evaluation.report import report_path
from finetune.forgetting import Eraser
from finetune.releases import Releases
from tests.finetune.datasets.logged import Person


async def trained(store: Store, folder: Path, dataset: str) -> str:
    """A release that says it was trained on `dataset`."""
    (folder / "adapter.bin").write_bytes(dataset.encode())
    return (await Releases(store.database).add(folder, tasks=["answer"], base="tiny", dataset=dataset)).id


def words(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


async def test_store_and_datasets_forget_and_the_release_is_named(
    store: Store, tmp_path: Path, run: Path
) -> None:
    ann = await Person(store, "ann").asks("Where does my zebra sleep?")
    await Person(store, "bob").asks("What voltage does the charger take?")
    dataset = await build_dataset(store.database, tmp_path / "sets")
    release = await trained(store, run, dataset.id)
    page = report_path(tmp_path / "reports", release)
    page.parent.mkdir()
    page.write_text("Where does my zebra sleep?")

    report = await Eraser(store, tmp_path / "sets", tmp_path / "reports").forget("websocket", account="ann")

    assert report.conversations == (ann.conversation,)
    assert (report.datasets, report.learnt) == ((dataset.id,), (release,))
    assert report.examples == 2
    assert "zebra" not in words(tmp_path / "sets")
    assert "charger" in words(tmp_path / "sets")
    assert not page.exists(), "it shows what the release replied to them"


async def test_who_only_corrected_somebody_elses_answer_is_forgotten_too(
    store: Store, tmp_path: Path
) -> None:
    turn = await Person(store, "ann").asks("What voltage does the charger take?")
    await Person(store, "bob").rates(turn, "down", "The charger takes 230 volts, says zebra.")
    dataset = await build_dataset(store.database, tmp_path / "sets")
    assert "zebra" in words(dataset.folder)

    report = await Eraser(store, tmp_path / "sets", tmp_path / "reports").forget("websocket", author="bob")

    assert report.datasets == (dataset.id,)
    assert "zebra" not in words(tmp_path / "sets")


async def test_nobody_learnt_from_who_never_spoke(store: Store, tmp_path: Path) -> None:
    await Person(store, "bob").asks("What voltage does the charger take?")
    dataset = await build_dataset(store.database, tmp_path)

    report = await Eraser(store, tmp_path, tmp_path / "reports").forget("websocket", account="ann")

    assert (report.datasets, report.learnt, report.examples) == ((), (), 0)
    assert dataset.folder.is_dir()
    with pytest.raises(ValueError, match="whom"):
        await Eraser(store, tmp_path, tmp_path / "reports").forget("websocket")
