"""Contrastive rows: a question, a passage that answers it, and hard negatives; the rest of a batch is negative too.

The loss is InfoNCE with cached gradients (Gao et al., 2021), so that a batch may be larger than the memory. Knows
what an encoder is trained on, not how.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MultipleNegativesRankingLoss,
)
from torch.nn import Module
from transformers import TrainerCallback

from finetune.evaluation.retrieval import open_index
from finetune.training.retriever.encoder_run import Row, Trial, train_encoder
from finetune.training.retriever.material import Material
from finetune.training.retriever.negatives import hard_negatives
from finetune.training.retriever.options import EncoderOptions
from finetune.training.run import Run
from retrieval.encoders.base import Encoder
from retrieval.index import KEYWORD_WEIGHT

Rows = Sequence[Sequence[int]]
"""For each question rows of passages."""


def train_contrastive(
    run: Run,
    base: Path,
    finder: Encoder,
    material: Material,
    validation: Material,
    options: EncoderOptions,
    cache: Path,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `base` into the run's artifact.

    finder: the encoder that is served now; negatives are mined with it, its vectors are kept in `cache`.
    Raises NothingToLearn.
    """
    negatives, mistaken = mined_with(finder, material, validation, cache)
    rows = list(contrastive_rows(material, negatives, options))
    loss = partial(contrastive_loss, options=options)
    train_encoder(run, base, rows, loss, trial_of(validation, mistaken), options, callbacks)


def mined_with(finder: Encoder, material: Material, validation: Material, cache: Path) -> tuple[Rows, Rows]:
    """The hard negatives of either; both have the same passages."""
    index = open_index(material.searches, finder, cache, KEYWORD_WEIGHT)
    negatives, mistaken = (
        hard_negatives(index, part, finder.encode_questions(part.texts)) for part in (material, validation)
    )
    return negatives, mistaken


def contrastive_loss(model: SentenceTransformer, options: EncoderOptions) -> Module:
    """Over rows of `question`, `positive` and `negative_1` to `negative_n`; what fits at once need not be cached."""
    scale = 1 / options.temperature
    if options.batch <= options.at_once:
        return MultipleNegativesRankingLoss(model, scale=scale)
    return CachedMultipleNegativesRankingLoss(model, scale=scale, mini_batch_size=options.at_once)


def contrastive_rows(material: Material, negatives: Rows, options: EncoderOptions) -> Iterator[Row]:
    """A row for each of the first positives of each question. A question with too few negatives borrows some."""
    passages, draw = material.passages, random.Random(options.seed)
    for text, right, wrong in zip(material.texts, material.positives(), negatives, strict=True):
        for positive in right[: options.positives]:
            columns = [("question", text), ("positive", passages[positive])]
            chosen = _chosen(wrong, right, len(passages), options.negatives, draw)
            numbered = ((f"negative_{n}", passages[row]) for n, row in enumerate(chosen, 1))
            yield dict([*columns, *numbered])


def _chosen(
    wrong: Sequence[int], right: Sequence[int], passages: int, count: int, draw: random.Random
) -> list[int]:
    """`count` rows, drawn from the hard negatives first; fewer only where there are no more passages."""
    chosen = draw.sample(wrong, min(count, len(wrong)))
    others = set(range(passages)) - set(right) - set(chosen) if len(chosen) < count else set()
    return [*chosen, *draw.sample(sorted(others), min(count - len(chosen), len(others)))]


def trial_of(validation: Material, negatives: Rows) -> Trial:
    """The validation's questions among what answers them and what was mistaken for it: quick, and hard enough."""
    passages, corpus = validation.passages, validation.searches.corpus
    positives = validation.positives()
    among = sorted({row for rows in (*positives, *negatives) for row in rows})
    ids = [question.id for question in validation.questions]
    return Trial(
        questions=dict(zip(ids, validation.texts, strict=True)),
        passages={corpus[row].id: passages[row] for row in among},
        relevant={id: {corpus[row].id for row in rows} for id, rows in zip(ids, positives, strict=True)},
    )
