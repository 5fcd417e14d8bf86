"""Loads the base model, adds a PEFT adapter to it, and saves the adapter.

LoRA (Hu et al. 2021) or AdaLoRA (Zhang et al. 2023). AdaLoRA's ranks are allocated in a callback after every step,
which transformers trainers leave to their callers; pruned ranks stay in the adapter as zeros, so that all checkpoints
of a run have the same shape.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import (
    AdaLoraConfig,
    LoraConfig,
    PeftConfig,
    PeftModel,
    TaskType,
    get_peft_model,
)
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from finetune.errors import UnusableAdapter, UnusableBase
from finetune.merging import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from finetune.training.options import TrainingOptions
from retrieval.files import write_atomically

TORCH_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def load_base_model(path: Path, precision: str = "bf16") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The weights and their tokenizer. Raises UnusableBase."""
    folder, file = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
    unpacked: dict[str, Any] = {"quantization_config": GgufConfig(dequantize=True)} if file else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **file)
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=TORCH_DTYPES[precision], **file, **unpacked
        )
    except (OSError, ValueError, KeyError) as error:
        raise UnusableBase(path, error) from error
    # What was unpacked is plain weights: transformers would refuse to train what it takes for quantised ones.
    for name in ("hf_quantizer", "quantization_method", "is_quantized"):
        model.__dict__.pop(name, None)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    # Where the weights lay is no business of the adapter, and PEFT would look for that path on a hub.
    model.name_or_path = ""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


LINEAR_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
"""The linear layers of Llama, Qwen and their kin."""


def add_adapter(
    model: PreTrainedModel, options: TrainingOptions, steps: int, parent: Path | None
) -> PeftModel:
    """The model with a new adapter, or with the one in `parent` to be trained further. Raises UnusableAdapter."""
    if parent is None:
        return get_peft_model(model, adapter_config(options, model.config, steps))
    try:
        return PeftModel.from_pretrained(model, str(parent), is_trainable=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableAdapter(parent, str(error)) from error


def adapter_config(options: TrainingOptions, model: PreTrainedConfig, steps: int) -> PeftConfig:
    """The adapter for `model` that a run of so many steps trains."""
    shared: dict[str, Any] = {
        "task_type": TaskType.CAUSAL_LM,
        "target_modules": LINEAR_LAYERS,
        "lora_alpha": 2 * options.rank,
        "lora_dropout": options.dropout,
        **_layers_to_train(options.layers, model.num_hidden_layers),
    }
    if options.method == "adalora":
        return AdaLoraConfig(
            **shared,
            init_r=2 * options.rank,
            target_r=options.rank,
            tinit=steps // 10,
            tfinal=steps // 4,
            deltaT=10,
            total_step=steps,
        )
    return LoraConfig(**shared, r=options.rank)


def _layers_to_train(trained: int | None, all_of_them: int) -> dict[str, Any]:
    if trained is None or trained >= all_of_them:
        return {}
    return {
        "layers_to_transform": list(range(all_of_them - trained, all_of_them)),
        "layers_pattern": "layers",
    }


RankPattern = dict[str, list[bool]]
"""Which singular values are kept, by the name of their parameter."""


def rank_callbacks(options: TrainingOptions, parent: Path | None) -> list[TrainerCallback]:
    """What a run adds to its callbacks; an adapter that is trained further keeps its ranks."""
    return [RankAllocationCallback()] if options.method == "adalora" and parent is None else []


class RankAllocationCallback(TrainerCallback):
    def __init__(self) -> None:
        self._kept: RankPattern = {}

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: PeftModel,
        **more: Any,
    ) -> None:
        self._kept = _kept_ranks(model.base_model.model)

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: PeftModel,
        **more: Any,
    ) -> None:
        tuner = model.base_model
        allocator, config = tuner.rankallocator, tuner.peft_config["default"]
        step, last = state.global_step + 1, config.total_step - config.tfinal
        if step > last:
            allocator.mask_using_rank_pattern(tuner.model, self._kept)
            return
        if not allocator.ipt:
            allocator.update_ipt(tuner.model)
        _, kept = allocator.update_and_allocate(tuner.model, step, force_mask=step == last)
        self._kept = kept or self._kept


def _kept_ranks(model: nn.Module) -> RankPattern:
    return {
        name: (values != 0).flatten().tolist()
        for name, values in model.named_parameters()
        if "lora_E.default" in name
    }


def save_adapter(model: PeftModel, folder: Path, save_tensors: Callable[..., None] = save_file) -> None:
    """Writes the adapter in half precision, completely or not at all."""
    with write_atomically(folder) as partial:
        model.save_pretrained(partial, selected_adapters=["default"])
        tensors = load_file(partial / ADAPTER_WEIGHTS)
        shrunk = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in tensors.items()}
        save_tensors(shrunk, partial / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        _remove_base_path(partial / ADAPTER_CONFIG)
        (partial / "README.md").unlink(missing_ok=True)


def _remove_base_path(config: Path) -> None:
    """Without the path of the machine that trained it."""
    values = json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": None}
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
