"""What a run leaves is small, complete, and says nothing of the machine."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.training.adapter import adapted
from finetune.training.artifact import save_adapter
from finetune.training.options import Options
from tests.finetune.training.tiny import tiny_model


@pytest.fixture
def model(base: Path):
    return adapted(type(tiny_model()).from_pretrained(base), Options(rank=4), 10, None)


def test_an_adapter_is_two_files_in_half_precision(model, tmp_path: Path) -> None:
    save_adapter(model, tmp_path / "artifact")
    assert {path.name for path in (tmp_path / "artifact").iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    tensors = load_file(tmp_path / "artifact" / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    kept = model.get_parameter("base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight")
    saved = tensors["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"]
    torch.testing.assert_close(saved.float(), kept.detach(), rtol=1e-2, atol=1e-3)


def test_the_machine_is_not_named(model, base: Path, tmp_path: Path) -> None:
    save_adapter(model, tmp_path / "artifact")
    text = (tmp_path / "artifact" / "adapter_config.json").read_text("utf-8")
    assert json.loads(text)["base_model_name_or_path"] is None
    assert str(base.parent) not in text


def test_the_copy_that_it_was_compared_with_is_left_out(model, tmp_path: Path) -> None:
    model.add_adapter("ref", model.peft_config["default"])
    save_adapter(model, tmp_path / "artifact")
    assert not (tmp_path / "artifact" / "ref").exists()


def test_half_an_artifact_of_a_killed_process_is_replaced(model, tmp_path: Path) -> None:
    (tmp_path / ".artifact.partial").mkdir()
    (tmp_path / ".artifact.partial" / "stray").write_text("half")
    save_adapter(model, tmp_path / "artifact")
    assert not (tmp_path / "artifact" / "stray").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]


def test_an_artifact_that_cannot_be_finished_is_not_there(model, tmp_path: Path, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr("finetune.training.artifact.save_file", full)
    with pytest.raises(OSError, match="No space"):
        save_adapter(model, tmp_path / "artifact")
    assert not (tmp_path / "artifact").exists()
