"""Weight files are rewritten as far as OpenVINO does not read them well, and no further."""

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFReader
from gguf.quants import dequantize

from dialogue.engines.gguf import HEADER, KEPT, prepare
from tests.dialogue.engines.alphabet_model import write_alphabet


def tensors(path):
    return {tensor.name: tensor for tensor in GGUFReader(path).tensors}


def values(tensor):
    return dequantize(tensor.data, tensor.tensor_type)


@pytest.fixture
def rewritten(request, tmp_path):
    """A file with matrices of the parameter's kind, and what became of it."""
    source, target = tmp_path / "source.gguf", tmp_path / "target.gguf"
    write_alphabet(source, request.param)
    prepare(source, target)
    return source, target


@pytest.mark.parametrize("rewritten", [Kind.Q5_0, Kind.Q4_1], indirect=True)
def test_what_is_not_read_well_becomes_q8_0(rewritten):
    before, after = map(tensors, rewritten)
    for name in before:
        assert after[name].tensor_type in KEPT
        assert list(after[name].shape) == list(before[name].shape)
        np.testing.assert_allclose(values(after[name]), values(before[name]), atol=0.02)
    assert after["output.weight"].tensor_type == Kind.Q8_0


@pytest.mark.parametrize("rewritten", [Kind.BF16], indirect=True)
def test_whole_numbers_stay_whole(rewritten):
    before, after = map(tensors, rewritten)
    assert after["output.weight"].tensor_type == Kind.F16
    np.testing.assert_allclose(values(after["output.weight"]), values(before["output.weight"]), rtol=1e-3)


@pytest.mark.parametrize("rewritten", [Kind.Q5_0], indirect=True)
def test_all_else_is_kept_bit_for_bit(rewritten):
    before, after = map(tensors, rewritten)
    kept = [name for name in before if before[name].tensor_type in KEPT]
    assert kept
    for name in kept:
        assert after[name].tensor_type == before[name].tensor_type
        assert after[name].data.tobytes() == before[name].data.tobytes()


@pytest.mark.parametrize("rewritten", [Kind.Q5_0], indirect=True)
def test_every_field_is_kept(rewritten):
    before, after = (GGUFReader(path).fields for path in rewritten)
    assert after.keys() == before.keys()
    for name in before.keys() - HEADER:
        assert after[name].contents() == before[name].contents()
        assert after[name].types == before[name].types


@pytest.mark.parametrize("rewritten", [Kind.Q8_0, Kind.F16], indirect=True)
def test_a_file_without_need_is_linked_not_copied(rewritten):
    source, target = rewritten
    assert target.is_symlink()
    assert target.samefile(source)


def test_what_a_killed_process_left_is_written_over(tmp_path):
    source, target = tmp_path / "source.gguf", tmp_path / "target.gguf"
    write_alphabet(source, Kind.Q5_0)
    target.write_bytes(b"half")
    prepare(source, target)
    assert tensors(target).keys() == tensors(source).keys()
