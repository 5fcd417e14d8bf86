"""Merges a LoRA or AdaLoRA adapter into the GGUF weights it was trained on, so that any engine can run the result.

The merged weights are W + scale * B A (Hu et al. 2021, section 4.1), where AdaLoRA puts its singular values between B
and A. GGUF files of Llama models store the rows of the query and key matrices in a different order, so those rows are
permuted.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from safetensors import SafetensorError
from safetensors.torch import load_file

from dialogue.engines.gguf import Change, prepare
from finetune.errors import UnusableAdapter
from retrieval.files import write_atomically

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
LORA_TENSOR = re.compile(r"layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([ABE])(?:\.weight)?$")
GGUF_NAMES = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}
"""The layers' matrices, as transformers and GGUF files call them."""
PERMUTED = {"attn_q": "head_count", "attn_k": "head_count_kv"}
"""Matrices whose rows are in a different order in Llama's files, and the field with their number of heads."""

LoraMatrices = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class LoraDelta:
    """What an adapter adds to a matrix of shape (outputs, inputs). heads: if its rows are permuted, otherwise 0."""

    pieces: LoraMatrices
    scale: float
    heads: int

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        added: np.ndarray = self.scale * (self.pieces["B"] @ (self.pieces.get("E", 1.0) * self.pieces["A"]))
        return np.asarray(matrix + (_permute(added, self.heads) if self.heads else added))


def merge_adapter(base: Path, adapter: Path, target: Path) -> None:
    """Merges the adapter in the folder `adapter` into the GGUF file `base`; writes `target` completely or not at all.

    Raises UnusableAdapter.
    """
    with write_atomically(target) as partial:
        try:
            prepare(base, partial, _deltas(GGUFReader(base), adapter))
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise UnusableAdapter(adapter, f"{type(error).__name__}: {error}") from error


def _deltas(base: GGUFReader, adapter: Path) -> dict[str, Change]:
    config = json.loads((adapter / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    if config["peft_type"] not in ("LORA", "ADALORA"):
        raise ValueError(f"a {config['peft_type']} adapter is not a change of weights")
    pieces = _lora_matrices(load_file(adapter / ADAPTER_WEIGHTS))
    missing = pieces.keys() - {tensor.name for tensor in base.tensors}
    if missing:
        raise ValueError(f"the weights have no {min(missing)}")
    return {name: LoraDelta(own, _scale(config, own), _heads(base, name)) for name, own in pieces.items()}


def _lora_matrices(tensors: Mapping[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """A, B and E by the name of the matrix in a GGUF file."""
    found: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for name, tensor in tensors.items():
        if match := LORA_TENSOR.search(name):
            layer, matrix, piece = match.groups()
            found[f"blk.{layer}.{GGUF_NAMES[matrix]}.weight"][piece] = tensor.float().numpy()
        elif "ranknum" not in name:
            raise ValueError(f"{name} is not part of a layer's matrix")
    return dict(found)


def _scale(config: Mapping[str, Any], pieces: LoraMatrices) -> float:
    if config["peft_type"] == "ADALORA":
        return float(config["lora_alpha"]) / int(config["init_r"])
    rank = float(pieces["A"].shape[0])
    return float(config["lora_alpha"]) / (rank**0.5 if config.get("use_rslora") else rank)


def _heads(base: GGUFReader, name: str) -> int:
    kind = base.fields["general.architecture"].contents()
    field = PERMUTED.get(name.split(".")[2]) if kind == "llama" else None
    return int(base.fields[f"{kind}.attention.{field}"].contents()) if field else 0


def _permute(added: np.ndarray, heads: int) -> np.ndarray:
    """Reorders rows: the two halves of a head follow each other in transformers, and alternate in the files."""
    outputs, inputs = added.shape
    halves = added.reshape(heads, 2, outputs // heads // 2, inputs)
    return halves.swapaxes(1, 2).reshape(outputs, inputs)
