"""A BERT (Devlin et al., NAACL 2019) as an OpenVINO graph, built from its tensors: no torch, and no conversion on disk.

In: `words` (batch, length, width), the word vectors of each text; `mask` (batch, length), 1 for a token and 0 for
padding. Out: the states of the last layer, or a vector of unit length for each text.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import openvino
from openvino import opset15 as ops

from retrieval.encoders.base import Vectors
from retrieval.encoders.packed_bert import BertShape

MASKED = -1e4
"""Added to the attention that padding would get."""


class BertTensors(Protocol):
    """The tensors of a file by name: `PackedBert`, `ReaderWeights`."""

    @property
    def shape(self) -> BertShape: ...

    def vector(self, name: str) -> Vectors:
        """A tensor, flat, in float32."""

    def matrix(self, name: str, inputs: int) -> Vectors:
        """A tensor of shape (outputs, inputs) in float32."""


class BertGraph:
    """Builds the layers of `bert`."""

    def __init__(self, bert: BertTensors) -> None:
        self._bert = bert
        self._shape = bert.shape
        self.words = ops.parameter([-1, -1, self._shape.width], np.float32, name="words")
        self.mask = ops.parameter([-1, -1], np.float32, name="mask")
        self._hidden = ops.multiply(
            ops.subtract(np.float32(1), ops.unsqueeze(self.mask, [1, 2])), np.float32(MASKED)
        )

    def states(self) -> openvino.Node:
        """(batch, length, width)."""
        states = self._embedded()
        for layer in range(self._shape.layers):
            states = self._layer(states, f"l{layer}")
        return states

    def mean_vectors(self) -> openvino.Model:
        """The mean over the tokens of a text, of unit length: (batch, width)."""
        weights = ops.unsqueeze(self.mask, 2)
        total = ops.reduce_sum(ops.multiply(self.states(), weights), [1], keep_dims=False)
        mean = ops.divide(total, ops.reduce_sum(self.mask, [1], keep_dims=True))
        unit = ops.normalize_l2(mean, [1], 1e-12, "add")
        return openvino.Model([unit], [self.words, self.mask], "mean_vectors")

    def token_scores(self, heads: Sequence[str]) -> openvino.Model:
        """What each head, one row of weights and a bias, gives for each token: (batch, length, heads)."""
        weights = [self._bert.matrix(f"{head}.w", self._shape.width) for head in heads]
        biases = [self._bert.vector(f"{head}.b") for head in heads]
        scores = ops.matmul(self.states(), _constant(np.concatenate(weights)), False, True)
        given = ops.add(scores, _constant(np.concatenate(biases)))
        return openvino.Model([given], [self.words, self.mask], "token_scores")

    def _embedded(self) -> openvino.Node:
        """Words, positions and the type of a first sentence, normalized."""
        width = self._shape.width
        places = self._bert.vector("emb.pos").reshape(-1, width) + self._bert.vector("emb.type")[:width]
        length = ops.gather(ops.shape_of(self.words), np.array([1]), np.int64(0))
        used = ops.slice(_constant(places), np.array([0]), length, np.array([1]), np.array([0]))
        return self._normalized(ops.add(self.words, used), "emb.ln")

    def _layer(self, states: openvino.Node, name: str) -> openvino.Node:
        attended = self._linear(self._attention(states, name), f"{name}.ao")
        states = self._normalized(ops.add(states, attended), f"{name}.aln")
        inner = ops.gelu(self._linear(states, f"{name}.fi"), "erf")
        return self._normalized(ops.add(states, self._linear(inner, f"{name}.fo")), f"{name}.oln")

    def _attention(self, states: openvino.Node, name: str) -> openvino.Node:
        queries, keys, values = (self._by_head(self._linear(states, f"{name}.{part}")) for part in "qkv")
        attended = ops.scaled_dot_product_attention(queries, keys, values, self._hidden)
        return ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [0, 0, self._shape.width], True)

    def _by_head(self, states: openvino.Node) -> openvino.Node:
        """(batch, heads, length, width of a head)."""
        size = self._shape.width // self._shape.heads
        return ops.transpose(ops.reshape(states, [0, 0, self._shape.heads, size], True), [0, 2, 1, 3])

    def _linear(self, states: openvino.Node, name: str) -> openvino.Node:
        bias = self._bert.vector(f"{name}.b")
        inputs = self._shape.inner if name.endswith(".fo") else self._shape.width
        weights = _constant(self._bert.matrix(f"{name}.w", inputs))
        return ops.add(ops.matmul(states, weights, False, True), _constant(bias))

    def _normalized(self, states: openvino.Node, name: str) -> openvino.Node:
        normal = ops.mvn(states, [-1], True, self._shape.epsilon, "inside_sqrt")
        scaled = ops.multiply(normal, _constant(self._bert.vector(f"{name}.w")))
        return ops.add(scaled, _constant(self._bert.vector(f"{name}.b")))


def _constant(values: np.ndarray) -> openvino.Node:
    """Kept in half precision, which takes half the memory."""
    return ops.convert(ops.constant(np.ascontiguousarray(values, np.float16)), "f32")
