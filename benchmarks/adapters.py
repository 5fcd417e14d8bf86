"""A random LoRA adapter, for benchmarks in which it does not matter what the adapter learnt."""

import json
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from safetensors.numpy import save_file

RANK = 4
SCALE = 0.02
"""The standard deviation of A and B: answers change, but remain sentences."""


def random_adapter(base: Path, folder: Path) -> Path:
    """Write an adapter of the query matrices of `base`, a GGUF file, to `folder`; the same one every time."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(17)
    tensors: dict[str, np.ndarray] = {}
    for tensor in GGUFReader(base).tensors:
        if tensor.name.endswith("attn_q.weight"):
            layer, (inputs, outputs) = tensor.name.split(".")[1], map(int, tensor.shape)
            module = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
            for piece, shape in (("A", (RANK, inputs)), ("B", (outputs, RANK))):
                numbers = random.normal(0, SCALE, shape).astype(np.float32)
                tensors[f"{module}.lora_{piece}.weight"] = numbers
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
