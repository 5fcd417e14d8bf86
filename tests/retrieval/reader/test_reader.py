"""What the reader makes of documents, with a model whose readings are given."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from langchain_core.documents import Document

from retrieval.reader.cross_encoder import CrossEncoder, Reading
from retrieval.reader.input import ReaderPassage
from retrieval.reader.reader import Reader
from retrieval.reader.weights import Calibration

LAMP = "The lamp is made of oak. The battery lasts nine hours. Cleaning needs a dry cloth."
CHAIR = "The chair is made of pine. The chair carries 120 kg."
QUESTION = "How long does the battery of the lamp last?"


class GivenReadings(CrossEncoder):
    """Says of a passage what was written down for its first unit."""

    def __init__(self, readings: Mapping[str, Reading], calibration: Calibration) -> None:
        self.calibration = calibration
        self._readings = readings

    def read(self, question: str, passages: Sequence[ReaderPassage]) -> list[Reading]:
        return [self._readings[passage.units[0]] for passage in passages]


def reader(calibration: Calibration | None = None, budget: int | None = None) -> Reader:
    readings = {
        "The lamp is made of oak.": Reading(4.0, 3.0, np.array([0.1, 0.9, 0.6], np.float32)),
        "The chair is made of pine.": Reading(-4.0, -5.0, np.zeros(2, np.float32)),
    }
    model = GivenReadings(readings, calibration or Calibration(rank=0.1))
    return Reader(model=model, budget=budget, least_score=0.1)


def document(text: str, relevance: float, score: float = 0.5) -> Document:
    about = {"title": "", "heading": "", "source": "shop.md", "relevance": relevance, "score": score}
    return Document(text, metadata=about, id=text[:9])


def read(using: Reader) -> list[Document]:
    return list(using.compress_documents([document(CHAIR, 0.8), document(LAMP, 0.6)], QUESTION))


def test_the_order_is_the_search_s_and_the_reader_s_together() -> None:
    assert [each.page_content for each in read(reader())] == [LAMP, CHAIR]
    assert [each.page_content for each in read(reader(Calibration(rank=0.0)))] == [CHAIR, LAMP]


def test_units_that_answer_are_named_best_first() -> None:
    lamp, chair = read(reader())
    assert lamp.metadata["evidence"] == ["The battery lasts nine hours.", "Cleaning needs a dry cloth."]
    assert chair.metadata["evidence"] == []


def test_within_a_budget_the_evidence_is_kept() -> None:
    (lamp,) = read(reader(budget=8))
    assert lamp.page_content == "The battery lasts nine hours."
    assert (lamp.id, lamp.metadata["source"]) == (LAMP[:9], "shop.md")


def test_every_document_says_how_likely_it_is_that_something_answers() -> None:
    calibration = Calibration(rank=0.1, answers=1.0, search=0.0, bias=-3.0)
    assert [each.metadata["answered"] for each in read(reader(calibration))] == [pytest.approx(0.5)] * 2


def test_what_is_far_from_the_question_is_not_read() -> None:
    unknown = document("A text that nobody has read.", 0.9, score=0.0)
    assert reader().compress_documents([unknown], QUESTION) == []
