"""What is learnt beside the frozen weights, by PEFT.

LoRA (Hu et al. 2021), AdaLoRA (Zhang et al. 2023), prefixes (Li and Liang 2021). Knows the shapes of adapters, not what
they learn.
"""

from pathlib import Path
from typing import Any

from peft import (
    AdaLoraConfig,
    LoraConfig,
    PeftConfig,
    PeftModel,
    PrefixTuningConfig,
    TaskType,
    get_peft_model,
)
from transformers import PreTrainedConfig, PreTrainedModel

from finetune.errors import UnusableAdapter
from finetune.training.options import Options

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
"""The linear layers of Llama, Qwen and their kin."""
PREFIX = 16
"""Virtual tokens of a prefix."""


def adapted(model: PreTrainedModel, options: Options, steps: int, parent: Path | None) -> PeftModel:
    """The model with a new adapter, or with the one in `parent` to be trained further. Raises UnusableAdapter."""
    if parent is None:
        return get_peft_model(model, adapter_config(options, model.config, steps))
    try:
        return PeftModel.from_pretrained(model, str(parent), is_trainable=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableAdapter(parent, str(error)) from error


def adapter_config(options: Options, model: PreTrainedConfig, steps: int) -> PeftConfig:
    """The adapter for `model` that a run of so many steps trains."""
    if options.method == "prefix":
        return PrefixTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=PREFIX)
    shared: dict[str, Any] = {
        "task_type": TaskType.CAUSAL_LM,
        "target_modules": LINEAR,
        "lora_alpha": 2 * options.rank,
        "lora_dropout": options.dropout,
        **_layers(options.layers, model.num_hidden_layers),
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


def _layers(trained: int | None, all_of_them: int) -> dict[str, Any]:
    if trained is None or trained >= all_of_them:
        return {}
    return {
        "layers_to_transform": list(range(all_of_them - trained, all_of_them)),
        "layers_pattern": "layers",
    }
