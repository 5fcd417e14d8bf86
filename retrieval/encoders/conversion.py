"""Turns a sentence-transformers folder into an OpenVINO graph: `python conversion.py FOLDER TARGET POOLING`.

Needed once for each folder of weights. Runs as a process of its own, so that a process which only serves
never loads torch. Knows nothing of tokenizers or of how the graph is run.
"""

import sys
import warnings
from pathlib import Path

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # as in the `__init__` of `retrieval`

import openvino
import torch
from transformers import AutoModel


class SentenceModel(torch.nn.Module):
    """A transformer with pooling over its last layer; token ids in, vectors of unit length out.

    pooling: `mean` over the tokens that the mask keeps, or `cls`, the first one.
    """

    def __init__(self, body: torch.nn.Module, pooling: str) -> None:
        super().__init__()
        self.body = body
        self.pooling = pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(batch, length) twice, gives (batch, dimension)."""
        states = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls":
            return torch.nn.functional.normalize(states[:, 0], dim=1)
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def convert(folder: Path, target: Path, pooling: str) -> None:
    """Writes `target` (.xml) and its weights (.bin) in float32: who runs it chooses the precision."""
    body = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    example = {name: torch.ones(2, 8, dtype=torch.long) for name in ("input_ids", "attention_mask")}
    graph = openvino.convert_model(SentenceModel(body, pooling), example_input=example)
    openvino.save_model(graph, target, compress_to_fp16=False)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
