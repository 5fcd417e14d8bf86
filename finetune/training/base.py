"""The model that is trained on: weights unpacked from a GGUF file, or a folder, with the tokenizer.

Knows files, not tasks.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from finetune.errors import UnusableBase

PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}


def load_base(path: Path, precision: str = "bf16") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The weights and their tokenizer. Raises UnusableBase."""
    folder, file = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
    unpacked: dict[str, Any] = {"quantization_config": GgufConfig(dequantize=True)} if file else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **file)
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=PRECISIONS[precision], **file, **unpacked
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
