"""What a run of the language model leaves: the adapter as bf16 safetensors with its configuration, in PEFT's form."""

import json
import shutil
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Writes the adapter, whole or not at all."""
    half = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(half, ignore_errors=True)
    model.save_pretrained(half, selected_adapters=["default"])
    tensors = load_file(half / WEIGHTS)
    shrunk = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in tensors.items()}
    save_file(shrunk, half / WEIGHTS, metadata={"format": "pt"})
    _anonymous(half / CONFIG)
    (half / "README.md").unlink(missing_ok=True)
    half.rename(folder)


def _anonymous(config: Path) -> None:
    """Without the path of the machine that trained it."""
    values = json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": None}
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
