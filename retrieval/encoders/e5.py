"""multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", 2024): some 100 languages, run by OpenVINO.

Its weights are one file of 72 MB in 4 bits; the word vectors stay there, so that little memory is needed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.bert_graph import BertGraph
from retrieval.encoders.inference import BatchedInference, Inputs
from retrieval.encoders.packed_bert import open_bert
from retrieval.files import sha256_of

_QUESTION, _PASSAGE = "query: ", "passage: "
"""What the model was trained to read before a text."""


class E5Encoder(Encoder):
    """384 dimensions; texts are cut at 512 tokens. Cosines lie between 0.7 and 0.95. Raises EncoderError.

    threads: as many batches run side by side.
    """

    def __init__(self, file: Path, threads: int | None = None) -> None:
        self._bert = open_bert(file)
        self.fingerprint = f"e5-{sha256_of(file)[:32]}"
        graph = BertGraph(self._bert).mean_vectors()
        self._inference = BatchedInference(
            graph, self._inputs, self._bert.shape.longest, self._bert.special.padding, threads
        )
        self.dimension = self._inference.dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(_PASSAGE, texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(_QUESTION, texts)

    def _vectors(self, prefix: str, texts: Sequence[str]) -> Vectors:
        return self._inference.run(self._bert.tokenizer.encode([prefix + text for text in texts]))

    def _inputs(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Inputs:
        return {"words": self._bert.words(ids), "mask": mask.astype(np.float32)}
