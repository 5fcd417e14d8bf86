"""Which adapter comes with the package for which weights and tasks, and when two models are the same."""

from pathlib import Path

import pytest

from bot.models.engines import ModelSpec, shipped_adapter

QWEN = "qwen2.5-coder-0.5b-instruct"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A folder of adapters with one in it."""
    (tmp_path / QWEN).mkdir()
    (tmp_path / QWEN / "adapter_model.safetensors").write_bytes(b"learnt")
    return tmp_path


def test_the_adapter_of_the_weights_is_found(shipped):
    assert shipped_adapter(QWEN, "rewrite", folder=shipped) == shipped / QWEN
    assert shipped_adapter(QWEN, "answer", folder=shipped) == shipped / QWEN
    assert shipped_adapter("smollm2-135m-instruct", "answer", folder=shipped) is None


def test_it_does_what_its_card_says_it_has_learnt(shipped):
    (shipped / QWEN / "card.md").write_text("---\ntasks: rewrite\n---\n\nWhat this adapter is.\n")
    assert shipped_adapter(QWEN, "rewrite", folder=shipped) == shipped / QWEN
    assert shipped_adapter(QWEN, "answer", folder=shipped) is None
    assert shipped_adapter(QWEN, "rewrite", "answer", folder=shipped) == shipped / QWEN


def test_a_path_in_place_of_a_name_finds_nothing(shipped):
    assert shipped_adapter(str(shipped / QWEN), "answer", folder=shipped) is None
    assert shipped_adapter(".", "answer", folder=shipped / QWEN) is None


def test_without_adapters_there_is_none(tmp_path):
    assert shipped_adapter(QWEN, "answer", folder=tmp_path / "nothing") is None


def test_models_are_the_same_where_they_have_learnt_the_same(shipped, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "adapter_model.safetensors").write_bytes(b"learnt")
    assert ModelSpec(QWEN, shipped / QWEN).identity == ModelSpec(QWEN, copy).identity
    (copy / "adapter_model.safetensors").write_bytes(b"learnt more")
    assert ModelSpec(QWEN, shipped / QWEN).identity != ModelSpec(QWEN, copy).identity
    assert ModelSpec(QWEN).identity == QWEN
