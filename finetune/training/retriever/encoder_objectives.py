"""Three ways to train an encoder: contrastive learning, the inverse cloze task, and distillation.

Contrastive rows hold a question, a passage that answers it and hard negatives; the rest of the batch is negative,
too. The loss is InfoNCE with cached gradients (Gao et al., 2021), so that a batch may be larger than memory.

The inverse cloze task (Lee, Chang and Toutanova, "Latent Retrieval", 2019) needs documents only: a sentence stands in
for the question, and its passage is to be found, nine times out of ten without the sentence.

Distillation is MarginMSE (Hofstaetter et al., "Improving Efficient Neural Ranking Models with Cross-Architecture
Knowledge Distillation", 2020) with an encoder as the teacher: the student learns the teacher's margin between two
passages.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MarginMSELoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import pairwise_cos_sim
from torch.nn import Module
from transformers import TrainerCallback

from finetune.evaluation.retrieval import open_index
from finetune.training.options import EncoderOptions
from finetune.training.retriever.data import RetrieverData, hard_negatives
from finetune.training.retriever.encoder_training import EncoderValidation, TrainingRow, train_encoder
from finetune.training.run import Run
from retrieval.encoders.base import Encoder
from retrieval.index import KEYWORD_WEIGHT
from retrieval.sentences import sentences

PassageRows = Sequence[Sequence[int]]
"""For each question rows of passages."""


def train_contrastive(
    run: Run,
    base: Path,
    finder: Encoder,
    material: RetrieverData,
    validation: RetrieverData,
    options: EncoderOptions,
    cache: Path,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `base` into the run's artifact.

    finder: the encoder that is served now; negatives are mined with it, its vectors are kept in `cache`.
    Raises NothingToLearn.
    """
    negatives, mistaken = mine_both(finder, material, validation, cache)
    rows = list(contrastive_rows(material, negatives, options))
    loss = partial(contrastive_loss, options=options)
    train_encoder(run, base, rows, loss, encoder_validation(validation, mistaken), options, callbacks)


def mine_both(
    finder: Encoder, material: RetrieverData, validation: RetrieverData, cache: Path
) -> tuple[PassageRows, PassageRows]:
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


def contrastive_rows(
    material: RetrieverData, negatives: PassageRows, options: EncoderOptions
) -> Iterator[TrainingRow]:
    """A row for each of the first positives of each question. A question with too few negatives borrows some."""
    passages, draw = material.passages, random.Random(options.seed)
    for text, right, wrong in zip(material.texts, material.positives(), negatives, strict=True):
        for positive in right[: options.positives]:
            columns = [("question", text), ("positive", passages[positive])]
            chosen = _choose_negatives(wrong, right, len(passages), options.negatives, draw)
            numbered = ((f"negative_{n}", passages[row]) for n, row in enumerate(chosen, 1))
            yield dict([*columns, *numbered])


def _choose_negatives(
    wrong: Sequence[int], right: Sequence[int], passages: int, count: int, draw: random.Random
) -> list[int]:
    """`count` rows, drawn from the hard negatives first; fewer only if there are no more passages."""
    chosen = draw.sample(wrong, min(count, len(wrong)))
    others = set(range(passages)) - set(right) - set(chosen) if len(chosen) < count else set()
    return [*chosen, *draw.sample(sorted(others), min(count - len(chosen), len(others)))]


def encoder_validation(validation: RetrieverData, negatives: PassageRows) -> EncoderValidation:
    """The validation questions, searched among their positives and hard negatives: quick, and hard enough."""
    passages, corpus = validation.passages, validation.searches.corpus
    positives = validation.positives()
    among = sorted({row for rows in (*positives, *negatives) for row in rows})
    ids = [question.id for question in validation.questions]
    return EncoderValidation(
        questions=dict(zip(ids, validation.texts, strict=True)),
        passages={corpus[row].id: passages[row] for row in among},
        relevant={id: {corpus[row].id for row in rows} for id, rows in zip(ids, positives, strict=True)},
    )


REMOVED_SHARE = 0.9
"""How often the sentence is removed from the passage."""
_VALIDATION_INTERVAL = 20
_MIN_LENGTH = 20
"""Characters, of which Chinese ones count three times. A shorter sentence is not specific enough."""


def train_cloze(
    run: Run,
    base: Path,
    texts: Sequence[str],
    options: EncoderOptions,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `base` into the run's artifact; every twentieth text validates.

    Raises NothingToLearn where no text has two sentences.
    """
    known = [text for number, text in enumerate(texts) if number % _VALIDATION_INTERVAL]
    rows, evaluated = (
        list(cloze_rows(known, options.seed)),
        cloze_validation(texts[::_VALIDATION_INTERVAL], options.seed),
    )
    train_encoder(run, base, rows, partial(contrastive_loss, options=options), evaluated, options, callbacks)


def cloze_validation(texts: Sequence[str], seed: int) -> EncoderValidation:
    """One sentence of each text is the question; the texts without these sentences are searched."""
    rows = {str(number): row for number, text in enumerate(texts) for row in cloze_rows([text], seed, each=1)}
    return EncoderValidation(
        questions={id: row["question"] for id, row in rows.items()},
        passages={id: row["positive"] for id, row in rows.items()},
        relevant={id: {id} for id in rows},
    )


def cloze_rows(texts: Sequence[str], seed: int, each: int = 2) -> Iterator[TrainingRow]:
    """Rows of `question` and `positive`: up to `each` sentences of every text that has two of them at least."""
    draw = random.Random(seed)
    for text in texts:
        spans = list(sentences(text))
        telling = [(start, end) for start, end in spans if _is_informative(text[start:end])]
        if len(spans) < 2:
            continue
        for start, end in draw.sample(telling, min(each, len(telling))):
            rest = f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
            yield {"question": text[start:end], "positive": rest if draw.random() < REMOVED_SHARE else text}


def _is_informative(sentence: str) -> bool:
    return sum(3 if letter > "\u2e7f" else 1 for letter in sentence) >= _MIN_LENGTH


RankedTriple = tuple[int, int, int]
"""The number of a question, and the rows of two passages."""


def train_distilled(
    run: Run,
    student: Path,
    teacher: Encoder,
    material: RetrieverData,
    validation: RetrieverData,
    options: EncoderOptions,
    cache: Path,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `student` into the run's artifact; the teacher also mines the negatives.

    Raises NothingToLearn.
    """
    negatives, mistaken = mine_both(teacher, material, validation, cache)
    rows = list(distillation_rows(material, negatives, teacher, options))
    evaluated = encoder_validation(validation, mistaken)
    train_encoder(run, student, rows, distillation_loss, evaluated, options, callbacks)


def distillation_loss(model: SentenceTransformer) -> Module:
    """Over rows of `question`, `positive`, `negative` and `label`, the teacher's margin between their cosines."""
    return MarginMSELoss(model, similarity_fct=pairwise_cos_sim)


def distillation_rows(
    material: RetrieverData, negatives: PassageRows, teacher: Encoder, options: EncoderOptions
) -> Iterator[TrainingRow]:
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


def _triples(
    positives: PassageRows, negatives: PassageRows, options: EncoderOptions
) -> Iterator[RankedTriple]:
    draw = random.Random(options.seed)
    for number, (right, wrong) in enumerate(zip(positives, negatives, strict=True)):
        for positive in right[: options.positives]:
            for negative in _sample(wrong, options.negatives, draw):
                yield number, positive, negative


def _sample(rows: Sequence[int], count: int, draw: random.Random) -> list[int]:
    return draw.sample(rows, min(count, len(rows)))
