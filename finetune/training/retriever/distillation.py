"""Rows from which a smaller encoder learns how a larger one ranks: margins between two passages of a question.

MarginMSE (Hofstaetter et al., "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge
Distillation", 2020) with an encoder as the teacher. Knows what an encoder is trained on, not how.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MarginMSELoss
from sentence_transformers.util import pairwise_cos_sim
from torch.nn import Module
from transformers import TrainerCallback

from finetune.training.retriever.contrastive import Rows, mined_with, trial_of
from finetune.training.retriever.encoder_run import Row, train_encoder
from finetune.training.retriever.material import Material
from finetune.training.retriever.options import EncoderOptions
from finetune.training.run import Run
from retrieval.encoders.base import Encoder

Triple = tuple[int, int, int]
"""The number of a question, and the rows of two passages."""


def train_distilled(
    run: Run,
    student: Path,
    teacher: Encoder,
    material: Material,
    validation: Material,
    options: EncoderOptions,
    cache: Path,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `student` into the run's artifact; the teacher also mines the negatives.

    Raises NothingToLearn.
    """
    negatives, mistaken = mined_with(teacher, material, validation, cache)
    rows = list(distillation_rows(material, negatives, teacher, options))
    trial = trial_of(validation, mistaken)
    train_encoder(run, student, rows, distillation_loss, trial, options, callbacks)


def distillation_loss(model: SentenceTransformer) -> Module:
    """Over rows of `question`, `positive`, `negative` and `label`, the teacher's margin between their cosines."""
    return MarginMSELoss(model, similarity_fct=pairwise_cos_sim)


def distillation_rows(
    material: Material, negatives: Rows, teacher: Encoder, options: EncoderOptions
) -> Iterator[Row]:
    """A row for each pair of a positive and a drawn negative; the teacher reads every text once."""
    texts, passages = material.texts, material.passages
    triples = list(_triples(material.positives(), negatives, options))
    read = sorted({row for _, *rows in triples for row in rows})
    places = {row: place for place, row in enumerate(read)}
    questions, vectors = teacher.encode_questions(texts), teacher.encode([passages[row] for row in read])
    for number, positive, negative in triples:
        better, worse = vectors[places[positive]], vectors[places[negative]]
        yield {
            "question": texts[number],
            "positive": passages[positive],
            "negative": passages[negative],
            "label": float(questions[number] @ better - questions[number] @ worse),
        }


def _triples(positives: Rows, negatives: Rows, options: EncoderOptions) -> Iterator[Triple]:
    draw = random.Random(options.seed)
    for number, (right, wrong) in enumerate(zip(positives, negatives, strict=True)):
        for positive in right[: options.positives]:
            for negative in _drawn(wrong, options.negatives, draw):
                yield number, positive, negative


def _drawn(rows: Sequence[int], count: int, draw: random.Random) -> list[int]:
    return draw.sample(rows, min(count, len(rows)))
