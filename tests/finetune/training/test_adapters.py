"""Adapters: two methods, trained anew or further, and saved without a trace of the machine."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.errors import UnusableAdapter
from finetune.training.adapters import LINEAR_LAYERS, adapter_config, add_adapter, save_adapter
from finetune.training.options import TrainingOptions
from tests.finetune.training.tiny import tiny_model


def trained(model) -> list[str]:
    return [name for name, values in model.named_parameters() if values.requires_grad]


def test_lora_changes_every_linear_layer_of_the_model_and_nothing_else() -> None:
    model = add_adapter(tiny_model(), TrainingOptions(rank=4), 10, None)
    assert all("lora_" in name for name in trained(model))
    assert len(trained(model)) == 2 * 2 * len(LINEAR_LAYERS)


def test_the_last_layers_alone_may_be_trained() -> None:
    model = add_adapter(tiny_model(), TrainingOptions(rank=4, layers=1), 10, None)
    assert all(".layers.1." in name for name in trained(model))
    assert len(trained(model)) == 2 * len(LINEAR_LAYERS)


def test_more_layers_than_there_are_are_all_layers() -> None:
    config = adapter_config(TrainingOptions(layers=99), tiny_model().config, 10)
    assert config.layers_to_transform is None


def test_adalora_begins_with_twice_the_ranks_and_knows_when_it_ends() -> None:
    config = adapter_config(TrainingOptions(method="adalora", rank=4), tiny_model().config, 200)
    assert (config.init_r, config.target_r, config.total_step) == (8, 4, 200)
    assert config.tinit < config.total_step - config.tfinal


def test_an_adapter_is_trained_further(tmp_path: Path) -> None:
    first = add_adapter(tiny_model(), TrainingOptions(rank=4), 10, None)
    with torch.no_grad():
        for name, values in first.named_parameters():
            if "lora_B" in name:
                values.fill_(0.5)
    save_adapter(first, tmp_path / "artifact")
    second = add_adapter(tiny_model(), TrainingOptions(rank=8), 10, tmp_path / "artifact")
    assert trained(second) == trained(first)
    assert all((v == 0.5).all() for name, v in second.named_parameters() if "lora_B" in name)


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    save_adapter(add_adapter(tiny_model(width=32), TrainingOptions(rank=4), 10, None), tmp_path / "artifact")
    with pytest.raises(UnusableAdapter, match="size mismatch"):
        add_adapter(tiny_model(), TrainingOptions(), 10, tmp_path / "artifact")


def test_an_adapter_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableAdapter):
        add_adapter(tiny_model(), TrainingOptions(), 10, tmp_path / "nothing")


@pytest.fixture
def model(base: Path):
    return add_adapter(type(tiny_model()).from_pretrained(base), TrainingOptions(rank=4), 10, None)


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


def test_an_artifact_that_cannot_be_finished_is_not_there(model, tmp_path: Path) -> None:
    def full(*_, **__):
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        save_adapter(model, tmp_path / "artifact", save_tensors=full)
    assert not (tmp_path / "artifact").exists()
