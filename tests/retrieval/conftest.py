from pathlib import Path

import pytest

from retrieval.collection import Collection
from tests.retrieval.fakes import HashingEncoder


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with three documents in two languages."""
    folder = tmp_path / "documents"
    (folder / "zh").mkdir(parents=True)
    (folder / "returns.md").write_text(
        "# Returns\n\nRefunds take five days.\n\n## Postage\n\nPostage is free.\n"
    )
    (folder / "noise.txt").write_text("The heat pump is quiet at night.")
    (folder / "zh" / "returns.md").write_text("# 退货\n\n退款需要五天。\n", "utf-8")
    return folder


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def collection(tmp_path: Path, encoder: HashingEncoder) -> Collection:
    """A collection in which nothing was ingested yet."""
    return Collection(tmp_path / "collection", encoder)
