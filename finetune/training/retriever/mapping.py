"""A run that learns the map of an encoder's questions from material, and leaves `map.safetensors`.

Seconds once the passages are embedded, which is kept: a killed run begins its training anew. Knows files and encoders;
`linear` knows how the map is learnt.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from finetune.errors import NothingToLearn
from finetune.evaluation.ranking import ndcg_at
from finetune.evaluation.retrieval import open_index
from finetune.training.report import write_report
from finetune.training.retriever.linear import Asked, Learnt, Look, MapOptions, Progress, learn_map
from finetune.training.retriever.material import Material
from finetune.training.retriever.negatives import hard_negatives
from finetune.training.run import Run
from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.mapped import MAP_FILE, QueryMap
from retrieval.index import KEYWORD_WEIGHT, Index

_CUT = 5


def train_map(
    run: Run,
    encoder: Encoder,
    material: Material,
    validation: Material,
    options: MapOptions,
    cache: Path,
    progress: Progress,
) -> Learnt:
    """Leaves the map in the run's artifact.

    `validation` has the same passages as `material`; their vectors are kept in `cache`. Without validation questions
    the map is the identity. Raises NothingToLearn where there is no question to learn from.
    """
    if not material.questions:
        raise NothingToLearn("retriever")
    index = open_index(material.searches, encoder, cache, KEYWORD_WEIGHT)
    passages = index.vectors.at(range(index.vectors.rows))
    looker = Looker(index, validation, encoder)
    learnt = learn_map(_asked(index, material, encoder), passages, looker.ndcg, options, progress)
    _draw(learnt.looks, run.tensorboard)
    read = {"questions": len(material.questions), "searches to validate": len(validation.questions)}
    write_report(run, [_logged(look) for look in learnt.looks], read)
    _save(QueryMap(learnt.matrix, encoder.fingerprint), run.artifact)
    return learnt


def _asked(index: Index, material: Material, encoder: Encoder) -> Asked:
    questions = encoder.encode_questions(material.texts)
    return Asked(questions, material.positives(), hard_negatives(index, material, questions))


class Looker:
    """Searches for the validation's questions as the bot does, with one map or another."""

    def __init__(self, index: Index, validation: Material, encoder: Encoder) -> None:
        self._index = index
        self._texts = validation.texts
        self._wanted = [dict.fromkeys(map(str, rows), 1) for rows in validation.positives()]
        self._questions = encoder.encode_questions(self._texts)
        self._encoder = encoder.fingerprint

    def ndcg(self, matrix: Vectors) -> float:
        """nDCG at 5 in the mean; 0 where there is nothing to validate with."""
        mapped = QueryMap(matrix, self._encoder).apply(self._questions)
        scores = [
            ndcg_at(_CUT, self._found(text, question), wanted)
            for text, question, wanted in zip(self._texts, mapped, self._wanted, strict=True)
        ]
        return float(np.mean(scores)) if scores else 0.0

    def _found(self, text: str, question: Vectors) -> list[str]:
        return [str(hit.row) for hit in self._index.search([text], question[None], _CUT)]


def _draw(looks: Sequence[Look], folder: Path) -> None:
    with SummaryWriter(folder) as writer:
        for look in looks:
            writer.add_scalar("eval/ndcg_at_5", look.score, look.step)
            writer.add_scalar("train/loss", look.loss, look.step)


def _logged(look: Look) -> dict[str, float]:
    """As a trainer logs it, for the run's page; there is no loss before the first step."""
    loss = {"loss": look.loss} if look.step else {}
    return {"step": look.step, "eval_validation_cosine_ndcg@5": look.score, **loss}


def _save(map: QueryMap, folder: Path) -> None:
    """The artifact, whole or not at all."""
    half = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    map.write(half / MAP_FILE)
    half.rename(folder)
