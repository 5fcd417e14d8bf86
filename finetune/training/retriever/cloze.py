"""Inverse cloze rows from documents alone (Lee, Chang and Toutanova, "Latent Retrieval", 2019).

A sentence stands for a question, and the passage that it comes from is to be found: nine times of ten without the
sentence, so that meaning is learnt and not only words. Knows what an encoder is trained on, not how.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from transformers import TrainerCallback

from finetune.training.retriever.contrastive import contrastive_loss
from finetune.training.retriever.encoder_run import Row, Trial, train_encoder
from finetune.training.retriever.options import EncoderOptions
from finetune.training.run import Run
from retrieval.sentences import sentences

REMOVED = 0.9
"""How often the passage comes without the sentence."""
_VALIDATION = 20
_SHORTEST = 20
"""Characters; Chinese ones count thrice. What is shorter says too little to be found by."""


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
    known = [text for number, text in enumerate(texts) if number % _VALIDATION]
    rows, trial = list(cloze_rows(known, options.seed)), cloze_trial(texts[::_VALIDATION], options.seed)
    train_encoder(run, base, rows, partial(contrastive_loss, options=options), trial, options, callbacks)


def cloze_trial(texts: Sequence[str], seed: int) -> Trial:
    """One sentence of each text asks, and the texts without their sentences are searched."""
    rows = {str(number): row for number, text in enumerate(texts) for row in cloze_rows([text], seed, each=1)}
    return Trial(
        questions={id: row["question"] for id, row in rows.items()},
        passages={id: row["positive"] for id, row in rows.items()},
        relevant={id: {id} for id in rows},
    )


def cloze_rows(texts: Sequence[str], seed: int, each: int = 2) -> Iterator[Row]:
    """Rows of `question` and `positive`: up to `each` sentences of every text that has two of them at least."""
    draw = random.Random(seed)
    for text in texts:
        spans = list(sentences(text))
        telling = [(start, end) for start, end in spans if _says(text[start:end])]
        if len(spans) < 2:
            continue
        for start, end in draw.sample(telling, min(each, len(telling))):
            rest = f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
            yield {"question": text[start:end], "positive": rest if draw.random() < REMOVED else text}


def _says(sentence: str) -> bool:
    return sum(3 if letter > "\u2e7f" else 1 for letter in sentence) >= _SHORTEST
