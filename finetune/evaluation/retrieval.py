"""Evaluates retrieval: how well the passages that answer a question are found.

Questions are searched as they were asked, as the bot rewrites them and as people rewrote them. Every passage of the
corpus counts as one chunk and is searched the way the bot searches its documents. Vectors are cached on disk, so only
the first run with an encoder takes minutes.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dialogue.request import read_request
from dialogue.rewriting import Rewriter
from finetune.datasets.dataset import group_of
from finetune.datasets.search_set import SearchQuestion, SearchSet
from finetune.evaluation.concurrency import RowProgress, ask_all, no_progress
from finetune.evaluation.metrics import ndcg_at, recall_at
from finetune.evaluation.results import EvaluationResult, ScoredExample, share
from finetune.examples import to_turns
from retrieval.encoders.base import Encoder
from retrieval.files import create_folder
from retrieval.index import KEYWORD_WEIGHT, Index, VectorIndex, write_vectors
from retrieval.keywords import KeywordIndex
from retrieval.language_detection import language_of

SearchRewriter = Callable[[SearchQuestion], Awaitable[Sequence[str]]]
"""The standalone question for the history and the question, and what is searched for along with it."""

Wordings = Sequence[Sequence[str]]
"""For each question the wordings that are searched for together."""

_CUTOFF = 5


def search_rewriter(rewriter: Rewriter) -> SearchRewriter:
    """The bot's own rewriter, drift guard included."""

    async def rewrite(question: SearchQuestion) -> Sequence[str]:
        language = language_of(question.question)
        request = await read_request(rewriter, to_turns(question.history), question.question, language)
        return request.searches[0]

    return rewrite


async def evaluate_retrieval(
    searches: SearchSet,
    encoder: Encoder,
    cache: Path,
    *,
    system: str,
    rewrite: SearchRewriter | None = None,
    keyword_weight: float = KEYWORD_WEIGHT,
    at_once: int = 8,
    progress: RowProgress = no_progress,
) -> list[EvaluationResult]:
    """One result for each form: `raw`, `rewrite` if there is a rewriter, `human` if people rewrote the questions.

    `rewrite+raw` searches all wordings that the bot searches, `human+raw` both. Recall and nDCG at 5, as fractions.
    """
    index = await asyncio.to_thread(open_index, searches, encoder, cache, keyword_weight)
    rewrites = await ask_all(rewrite, searches.questions, at_once, progress) if rewrite else None
    results = []
    for form, wordings in _forms(searches.questions, rewrites).items():
        ranked = await asyncio.to_thread(_ranked, searches, index, encoder, wordings)
        results.append(_result(searches, wordings, ranked, system, form))
    return results


def open_index(searches: SearchSet, encoder: Encoder, cache: Path, keyword_weight: float) -> Index:
    """The index of a corpus, made on first use and kept in a folder named after its content and encoder."""
    content = hashlib.sha256(encoder.fingerprint.encode())
    for passage in searches.corpus:
        content.update(f"\0{passage.id}\0{passage.embedded}".encode())
    kept = cache / f"{searches.name}-{content.hexdigest()[:16]}"
    if not kept.is_dir():
        _make_index(kept, [passage.embedded for passage in searches.corpus], encoder)
    return Index(VectorIndex(kept / "vectors.faiss"), KeywordIndex(kept / "keywords"), keyword_weight)


def _make_index(kept: Path, texts: Sequence[str], encoder: Encoder) -> None:
    with create_folder(kept) as made:
        write_vectors(made / "vectors.faiss", encoder.encode(texts))
        KeywordIndex.write(made / "keywords", texts)


def _forms(
    questions: Sequence[SearchQuestion], rewrites: Sequence[Sequence[str]] | None
) -> Mapping[str, Wordings]:
    raw = [question.question for question in questions]
    human = [question.rewrite or question.question for question in questions]
    forms: dict[str, Wordings] = {"raw": [[text] for text in raw]}
    if rewrites is not None:
        forms |= {"rewrite": [texts[:1] for texts in rewrites], "rewrite+raw": rewrites}
    if human != raw:
        both = [list(dict.fromkeys(pair)) for pair in zip(human, raw, strict=True)]
        forms |= {"human": [[text] for text in human], "human+raw": both}
    return forms


def _ranked(searches: SearchSet, index: Index, encoder: Encoder, wordings: Wordings) -> list[list[str]]:
    """For each question the ids of the best passages."""
    encoded = iter(encoder.encode_questions([text for texts in wordings for text in texts]))
    found = (index.search(texts, np.stack([next(encoded) for _ in texts]), _CUTOFF) for texts in wordings)
    return [[searches.corpus[hit.row].id for hit in hits] for hits in found]


def _result(
    searches: SearchSet, wordings: Wordings, ranked: Sequence[Sequence[str]], system: str, form: str
) -> EvaluationResult:
    rows = zip(searches.questions, wordings, ranked, strict=True)
    scored = tuple(
        _scored(question, texts, found, searches.relevant[question.id]) for question, texts, found in rows
    )
    return EvaluationResult("retrieve", searches.name, system, scored, {"form": form})


def _scored(
    question: SearchQuestion, texts: Sequence[str], found: Sequence[str], wanted: Mapping[str, int]
) -> ScoredExample:
    shares = {
        "recall_at_5": share(recall_at(_CUTOFF, found, wanted)),
        "ndcg_at_5": share(ndcg_at(_CUTOFF, found, wanted)),
    }
    conversation = question.conversation_id or group_of(question.id)
    return ScoredExample(question.id, conversation, question.question, " | ".join(texts), shares)
