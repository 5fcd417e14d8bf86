"""Weights and an adapter become one file that says what both together say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader, dequantize
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from finetune.errors import UnusableAdapter
from finetune.merging import merge_adapter
from finetune.training.adapters import add_adapter, load_base_model, save_adapter
from finetune.training.options import TrainingOptions
from tests.finetune.training.tiny import tiny_model
from tests.finetune.training.tiny_gguf import file_name, in_file, write_gguf

KINDS = ["llama", "qwen2"]
METHODS = ["lora", "adalora"]
IDS = torch.randint(0, 256, (2, 24), generator=torch.Generator().manual_seed(2))


def taught(kind: str, method: str = "lora", **options) -> PeftModel:
    """As if it had been trained: nothing of the adapter is zero, but what AdaLoRA has given up."""
    torch.manual_seed(4)
    model = add_adapter(tiny_model(kind, **options), TrainingOptions(method=method, rank=4), 10, None)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if values.requires_grad:
                values.normal_(0, 1.0 if "lora_E" in name else 0.1)
            if "lora_E" in name:
                values[:3] = 0
    return model


def saved(model: PeftModel, folder: Path) -> PreTrainedModel:
    """The model merged by PEFT from what was saved in `folder`."""
    kind = model.config.model_type
    save_adapter(model, folder)
    return PeftModel.from_pretrained(tiny_model(kind), str(folder)).merge_and_unload().eval()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gguf(kind: str, tmp_path: Path) -> Path:
    return write_gguf(tiny_model(kind), tmp_path / "base.gguf")


def test_the_file_of_a_base_is_read_as_the_model_it_is(kind: str, gguf: Path) -> None:
    model, tokenizer = load_base_model(gguf, "fp32")
    with torch.no_grad():
        torch.testing.assert_close(model(IDS).logits, tiny_model(kind)(IDS).logits, rtol=1e-4, atol=1e-5)
    assert tokenizer("ab").input_ids == [tokenizer.convert_tokens_to_ids(one) for one in "ab"]


@pytest.mark.parametrize("method", METHODS)
def test_every_matrix_is_that_of_peft_within_rounding(
    kind: str, method: str, gguf: Path, tmp_path: Path
) -> None:
    expected = saved(taught(kind, method), tmp_path / "adapter")
    merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")
    got = {one.name: one for one in GGUFReader(tmp_path / "merged.gguf").tensors}
    for name, tensor in expected.state_dict().items():
        wanted = in_file(expected, name, tensor.numpy())
        tensor = got[file_name(name)]
        values = dequantize(tensor.data, tensor.tensor_type).reshape(wanted.shape)
        step = np.abs(wanted).max() / 127
        np.testing.assert_allclose(values, wanted, atol=step * 0.6)


@pytest.mark.parametrize("method", METHODS)
def test_what_it_says_is_what_peft_says(kind: str, method: str, gguf: Path, tmp_path: Path) -> None:
    expected = saved(taught(kind, method), tmp_path / "adapter")
    merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")
    merged, _ = load_base_model(tmp_path / "merged.gguf", "fp32")
    base = tiny_model(kind)
    with torch.no_grad():
        wanted, got, before = (model(IDS).logits for model in (expected, merged, base))
    learnt = (wanted - before).norm()
    assert (got - wanted).norm() < 0.03 * learnt
    assert torch.isfinite(got).all()


def test_layers_that_were_not_trained_stay_bit_for_bit(gguf: Path, kind: str, tmp_path: Path) -> None:
    save_adapter(
        add_adapter(tiny_model(kind), TrainingOptions(rank=4, layers=1), 10, None), tmp_path / "adapter"
    )
    merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")
    before, after = (
        {one.name: one.data.tobytes() for one in GGUFReader(path).tensors}
        for path in (gguf, tmp_path / "merged.gguf")
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed and all(name.startswith("blk.1.") for name in changed)


def test_an_adapter_of_another_method_is_refused(gguf: Path, kind: str, tmp_path: Path) -> None:
    save_adapter(taught(kind), tmp_path / "adapter")
    config = tmp_path / "adapter" / "adapter_config.json"
    config.write_text(config.read_text("utf-8").replace('"LORA"', '"PREFIX_TUNING"'), encoding="utf-8")
    with pytest.raises(UnusableAdapter, match="PREFIX_TUNING adapter is not a change of weights"):
        merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")


def test_an_adapter_of_a_model_of_another_shape_is_refused(gguf: Path, kind: str, tmp_path: Path) -> None:
    save_adapter(taught(kind, width=32), tmp_path / "adapter")
    with pytest.raises(UnusableAdapter):
        merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")
    assert [path.name for path in tmp_path.glob("*.gguf")] == ["base.gguf"]
    assert not list(tmp_path.glob(".*"))


def test_an_adapter_of_a_model_with_more_layers_is_refused(gguf: Path, kind: str, tmp_path: Path) -> None:
    save_adapter(taught(kind), tmp_path / "adapter")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    deeper = {name.replace("layers.1.", "layers.7."): tensor for name, tensor in load_file(weights).items()}
    save_file(deeper, weights)
    with pytest.raises(UnusableAdapter, match=r"no blk\.7\."):
        merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")


def test_a_damaged_adapter_is_refused(gguf: Path, kind: str, tmp_path: Path) -> None:
    save_adapter(taught(kind), tmp_path / "adapter")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UnusableAdapter):
        merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")
    (tmp_path / "adapter" / "adapter_config.json").write_text("{")
    with pytest.raises(UnusableAdapter):
        merge_adapter(gguf, tmp_path / "adapter", tmp_path / "merged.gguf")
