"""Adapters of three kinds, new or trained further."""

from pathlib import Path

import pytest
import torch

from finetune.errors import UnusableAdapter
from finetune.training.adapter import LINEAR, PREFIX, adapted, adapter_config
from finetune.training.artifact import save_adapter
from finetune.training.options import Options
from tests.finetune.training.tiny import tiny_model


def trained(model) -> list[str]:
    return [name for name, values in model.named_parameters() if values.requires_grad]


def test_lora_changes_every_linear_layer_of_the_model_and_nothing_else() -> None:
    model = adapted(tiny_model(), Options(rank=4), 10, None)
    assert all("lora_" in name for name in trained(model))
    assert len(trained(model)) == 2 * 2 * len(LINEAR)


def test_the_last_layers_alone_may_be_trained() -> None:
    model = adapted(tiny_model(), Options(rank=4, layers=1), 10, None)
    assert all(".layers.1." in name for name in trained(model))
    assert len(trained(model)) == 2 * len(LINEAR)


def test_more_layers_than_there_are_are_all_layers() -> None:
    config = adapter_config(Options(layers=99), tiny_model().config, 10)
    assert config.layers_to_transform is None


def test_adalora_begins_with_twice_the_ranks_and_knows_when_it_ends() -> None:
    config = adapter_config(Options(method="adalora", rank=4), tiny_model().config, 200)
    assert (config.init_r, config.target_r, config.total_step) == (8, 4, 200)
    assert config.tinit < config.total_step - config.tfinal


def test_a_prefix_leaves_all_layers_as_they_are() -> None:
    model = adapted(tiny_model(), Options(method="prefix"), 10, None)
    assert trained(model) == ["prompt_encoder.default.embedding.weight"]
    assert model.peft_config["default"].num_virtual_tokens == PREFIX


def test_an_adapter_is_trained_further(tmp_path: Path) -> None:
    first = adapted(tiny_model(), Options(rank=4), 10, None)
    with torch.no_grad():
        for name, values in first.named_parameters():
            if "lora_B" in name:
                values.fill_(0.5)
    save_adapter(first, tmp_path / "artifact")
    second = adapted(tiny_model(), Options(rank=8), 10, tmp_path / "artifact")
    assert trained(second) == trained(first)
    assert all((v == 0.5).all() for name, v in second.named_parameters() if "lora_B" in name)


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    save_adapter(adapted(tiny_model(width=32), Options(rank=4), 10, None), tmp_path / "artifact")
    with pytest.raises(UnusableAdapter, match="size mismatch"):
        adapted(tiny_model(), Options(), 10, tmp_path / "artifact")


def test_an_adapter_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableAdapter):
        adapted(tiny_model(), Options(), 10, tmp_path / "nothing")
