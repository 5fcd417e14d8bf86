from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.packed_bert import BertShape
from retrieval.errors import EncoderError
from retrieval.reader.weights import Calibration, ReaderWeights

SHAPE = BertShape(width=4, layers=1, heads=1, inner=8, pieces=10, longest=16, epsilon=1e-12)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    tensors = {"l0.q.w": np.arange(16, dtype=np.float16).reshape(4, 4), "answers.b": np.ones(1, np.float16)}
    ReaderWeights(SHAPE, Calibration(rank=0.5), tensors).write(tmp_path / "reader.safetensors")
    read = ReaderWeights.read(tmp_path / "reader.safetensors")
    assert (read.shape, read.calibration) == (SHAPE, Calibration(rank=0.5))
    assert np.array_equal(read.matrix("l0.q.w", 4), tensors["l0.q.w"])
    assert read.vector("answers.b").tolist() == [1.0]


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"something else")
    for name in ("other", "missing"):
        with pytest.raises(EncoderError, match="is not a reader"):
            ReaderWeights.read(tmp_path / name)


def test_the_probability_of_an_answer_grows_with_both_scores() -> None:
    calibration = Calibration(answers=1.0, search=2.0, bias=-1.0)
    assert calibration.answered(0.0, 0.5) == pytest.approx(0.5)
    assert calibration.answered(3.0, 0.5) > 0.9
    assert calibration.answered(0.0, 0.1) < 0.4
