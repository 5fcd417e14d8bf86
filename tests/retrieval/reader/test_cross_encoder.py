"""The reader as it is served gives what the same weights give in transformers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.errors import EncoderError
from retrieval.reader.cross_encoder import ANSWERS_HEAD, EVIDENCE_HEAD, RELEVANCE_HEAD, CrossEncoder
from retrieval.reader.input import ReaderPassage, ReaderTokenizer
from retrieval.reader.weights import HEADS
from tests.retrieval.encoders.test_e5 import reference
from tests.retrieval.reader.tiny_reader import SHAPE, TinyReader, write_reader

PASSAGES = [ReaderPassage("pump", ("heat quiet", "night")), ReaderPassage("", ("pumps",))]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyReader:
    return write_reader(tmp_path_factory.mktemp("reader"))


def logits(tiny: TinyReader, ids: tuple[int, ...]) -> np.ndarray:
    """(length, heads)."""
    with torch.no_grad():
        states = reference(tiny.tensors)(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    return np.stack([states @ tiny.tensors[f"{head}.w"][0] + tiny.tensors[f"{head}.b"] for head in HEADS], 1)


def test_readings_are_those_of_the_same_weights_in_transformers(tiny: TinyReader) -> None:
    inputs = ReaderTokenizer(tiny.words.tokenizer, tiny.words.special).inputs("quiet", PASSAGES)
    readings = CrossEncoder(tiny.weights, tiny.words, threads=1).read("quiet", PASSAGES)
    for read, reading in zip(inputs, readings, strict=True):
        expected = logits(tiny, read.ids)
        assert reading.relevance == pytest.approx(expected[0, RELEVANCE_HEAD], abs=0.1)
        assert reading.answers == pytest.approx(expected[0, ANSWERS_HEAD], abs=0.1)
        evidence = 1 / (1 + np.exp(-expected[:, EVIDENCE_HEAD]))
        units = [evidence[start:end].mean() for start, end in read.units]
        assert reading.evidence == pytest.approx(units, abs=0.03)


def test_a_passage_is_read_the_same_in_any_company(tiny: TinyReader) -> None:
    reader = CrossEncoder(tiny.weights, tiny.words, threads=2)
    (alone,), (_, together) = reader.read("quiet", PASSAGES[1:]), reader.read("quiet", PASSAGES)
    assert alone.relevance == pytest.approx(together.relevance, abs=0.05)


def test_a_reader_of_other_word_vectors_is_refused(tmp_path: Path) -> None:
    other = write_reader(tmp_path, shape=replace(SHAPE, pieces=9))
    with pytest.raises(EncoderError, match="other word vectors"):
        CrossEncoder(other.weights, other.words)
