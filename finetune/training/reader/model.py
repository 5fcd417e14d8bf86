"""The reader in torch: the lowest layers of E5 with three heads. Its parameters have the names of its file."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from retrieval.encoders.base import Vectors
from retrieval.encoders.packed_bert import BertShape
from retrieval.reader.weights import HEADS, Calibration, ReaderWeights

MASKED = -1e4
"""Added to the attention that padding would get."""
PARTS = ("q", "k", "v", "ao", "fi", "fo")


class Tensors(Protocol):
    """`PackedBert` and `ReaderWeights`."""

    @property
    def shape(self) -> BertShape: ...

    def vector(self, name: str) -> Vectors: ...

    def matrix(self, name: str, inputs: int) -> Vectors: ...


class Layer(nn.Module):
    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.q, self.k, self.v, self.ao = (nn.Linear(width, width) for _ in range(4))
        self.fi, self.fo = nn.Linear(width, shape.inner), nn.Linear(shape.inner, width)
        self.aln, self.oln = (nn.LayerNorm(width, shape.epsilon) for _ in range(2))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = states.shape
        parts = (self.q, self.k, self.v)
        weights = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
        by_head = functional.linear(states, *weights).view(batch, length, 3, self.heads, width // self.heads)
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4)
        attended = _attention(queries, keys, values, mask)
        states = self.aln(states + self.ao(attended.transpose(1, 2).reshape(batch, length, width)))
        return self.oln(states + self.fo(functional.gelu(self.fi(states))))


def _attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """In place of torch's own, whose backward pass in half precision takes twice as long on a processor."""
    likeness = queries * queries.shape[-1] ** -0.5 @ keys.transpose(-1, -2)
    return torch.softmax(likeness + mask.to(likeness.dtype), -1, likeness.dtype) @ values


class Embeddings(nn.Module):
    """What is added to the word vectors."""

    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        self.pos = nn.Parameter(torch.zeros(shape.longest, shape.width))
        self.types = nn.Parameter(torch.zeros(2, shape.width))
        self.ln = nn.LayerNorm(shape.width, shape.epsilon)

    def forward(self, words: Tensor) -> Tensor:
        return self.ln(words + self.pos[: words.shape[1]] + self.types[0])


class ReaderModel(nn.Module):
    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        self.shape = shape
        self.emb = Embeddings(shape)
        self.layers = [Layer(shape) for _ in range(shape.layers)]
        for number, layer in enumerate(self.layers):
            self.add_module(f"l{number}", layer)
        self.relevance, self.answers, self.evidence = (nn.Linear(shape.width, 1) for _ in HEADS)

    def forward(self, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The logits of relevance and of an answer (batch), and of evidence (batch, length).

        words: (batch, length, width). mask: (batch, length), true for tokens.
        """
        states = self.emb(words)
        hidden = (~mask)[:, None, None, :] * MASKED
        for layer in self.layers:
            states = layer(states, hidden)
        first = states[:, 0]
        return (
            self.relevance(first)[:, 0],
            self.answers(first)[:, 0],
            self.evidence(states)[..., 0],
        )

    def load(self, tensors: Tensors) -> None:
        """Takes what `tensors` has; heads that it lacks begin at random."""
        with torch.no_grad():
            for name, parameter in named_tensors(self):
                if (values := _found(tensors, name, parameter)) is not None:
                    parameter.copy_(torch.from_numpy(values.reshape(parameter.shape).copy()))

    def weights(self, calibration: Calibration) -> ReaderWeights:
        tensors = {
            name: parameter.detach().numpy().astype(np.float16) for name, parameter in named_tensors(self)
        }
        return ReaderWeights(self.shape, calibration, tensors)


def named_tensors(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters by their names in the file."""
    for name, parameter in model.named_parameters():
        yield name.replace(".types", ".type").removesuffix("eight").removesuffix("ias"), parameter


def _found(tensors: Tensors, name: str, parameter: nn.Parameter) -> Vectors | None:
    head, _, _ = name.partition(".")
    if head in HEADS and not isinstance(tensors, ReaderWeights):
        return None
    if name.split(".")[-2:][0] in PARTS and name.endswith(".w"):
        return tensors.matrix(name, parameter.shape[1])
    return tensors.vector(name)
