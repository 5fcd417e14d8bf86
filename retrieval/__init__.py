"""Documents, chunks, encoders and search. Knows nothing of conversations, channels or settings.

A folder of documents, searched; `load_encoder` gives an encoder by its name, `EmbeddingsEncoder` wraps any langchain
embeddings:

```python
from pathlib import Path

from retrieval import Collection, Retriever, load_encoder

collection = Collection(Path("index"), load_encoder("universal-sentence-encoder-multilingual"))
collection.ingest(Path("handbook"))
for passage in Retriever(collection=collection).invoke("How long is the warranty?"):
    print(passage.metadata["source"], passage.page_content)
```
"""

import sys
from typing import TYPE_CHECKING

from retrieval.exports import lazy_exports

if TYPE_CHECKING:
    from retrieval.chunking import Chunk as Chunk
    from retrieval.chunking import Chunking as Chunking
    from retrieval.collection import Collection as Collection
    from retrieval.documents import Document as Document
    from retrieval.encoders.base import Encoder as Encoder
    from retrieval.encoders.embeddings import EmbeddingsEncoder as EmbeddingsEncoder
    from retrieval.encoders.loading import load_encoder as load_encoder
    from retrieval.errors import RetrievalError as RetrievalError
    from retrieval.evidence import EvidenceSentences as EvidenceSentences
    from retrieval.ingest import IngestReport as IngestReport
    from retrieval.retriever import Retriever as Retriever

PUBLIC = {
    "retrieval.chunking": ["Chunk", "Chunking"],
    "retrieval.collection": ["Collection"],
    "retrieval.documents": ["Document"],
    "retrieval.encoders.base": ["Encoder"],
    "retrieval.encoders.embeddings": ["EmbeddingsEncoder"],
    "retrieval.encoders.loading": ["load_encoder"],
    "retrieval.errors": ["RetrievalError"],
    "retrieval.evidence": ["EvidenceSentences"],
    "retrieval.ingest": ["IngestReport"],
    "retrieval.retriever": ["Retriever"],
}

__all__ = [*sorted(name for names in PUBLIC.values() for name in names)]

# OpenVINO, when imported, reports that to its makers, from a fork that may hang; without this package it does not.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

if not TYPE_CHECKING:
    __getattr__ = lazy_exports(__name__, PUBLIC)
