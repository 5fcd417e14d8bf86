"""From a question, in one or several wordings, to the chunks that may answer it: langchain's `BaseRetriever`.

Knows nothing of conversations: whoever rewrites a follow-up gives both wordings.
"""

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import run_in_executor
from pydantic import ConfigDict

from retrieval.chunking import Chunk
from retrieval.collection import Collection
from retrieval.index import Hit
from retrieval.snapshots import Snapshot


class Retriever(BaseRetriever):
    """Finds the `k` chunks of a collection that suit a question best; empty before the first ingest.

    `await retriever.ainvoke(query, variants=[raw_question])` searches all wordings on one snapshot and fuses
    them; the work is done in a thread. A document's text is the chunk's, and its metadata has `chunk` (a
    lasting id), `title`, `source`, `heading`, `start` and `end` (offsets into the document's text), `page` (from 1;
    None where the file has no pages), `copies` (other sources that say the same), `score`
    (the best cosine of any wording, from -1 to 1; before a chunk is embedded, an estimate from its keywords),
    `relevance` (what they are ordered by) and `snapshot`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    collection: Collection
    k: int = 6

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, variants: Sequence[str] = ()
    ) -> list[Document]:
        questions = list(dict.fromkeys(wording for wording in (query, *variants) if wording.strip()))
        snapshot = self.collection.latest()
        if snapshot is None or not questions:
            return []
        compared = bool(snapshot.index.vectors.rows)
        encoded = self.collection.encoder.encode_questions(questions) if compared else None
        hits = snapshot.index.search(questions, encoded, self.k)
        chunks = snapshot.archive.chunks([hit.row for hit in hits])
        return [_document(chunk, hit, snapshot) for chunk, hit in zip(chunks, hits, strict=True)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, variants: Sequence[str] = ()
    ) -> list[Document]:
        return await run_in_executor(
            None, self._get_relevant_documents, query, run_manager=run_manager.get_sync(), variants=variants
        )


def _document(chunk: Chunk, hit: Hit, snapshot: Snapshot) -> Document:
    metadata: dict[str, Any] = {
        "chunk": chunk.id,
        "title": chunk.title,
        "source": chunk.source,
        "heading": chunk.heading,
        "start": chunk.start,
        "end": chunk.end,
        "page": chunk.page,
        "copies": snapshot.archive.copies(chunk.source),
        "score": hit.score,
        "relevance": hit.relevance,
        "snapshot": snapshot.id,
    }
    return Document(page_content=chunk.text, metadata=metadata, id=chunk.id)
