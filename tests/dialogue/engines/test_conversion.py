"""A GGUF file as an OpenVINO folder: it answers the same, and what was released is read again."""

from pathlib import Path

import pytest

from dialogue.engines import memory
from dialogue.engines.conversion import convert
from dialogue.engines.openvino import EngineLimits, load_openvino
from dialogue.errors import EngineError


@pytest.fixture(scope="module")
def folder(alphabet, tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("converted") / "alphabet"
    convert(alphabet, made)
    return made


def test_the_folder_answers_as_the_file_does_and_needs_it_no_more(folder):
    assert not any(path.is_symlink() for path in folder.iterdir())
    chat = load_openvino(folder)
    assert chat.invoke("v").content == "wxyz"
    memory.release(folder / "openvino_model.bin")
    assert chat.invoke("0", max_tokens=12).content == "123456789012"
    chat.close()


def test_a_file_that_is_no_model_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(EngineError, match=r"broken\.gguf.*another model"):
        convert(tmp_path / "broken.gguf", tmp_path / "made")


def test_the_cache_holds_what_fits_a_gigabyte_and_no_more_than_is_of_use():
    large, small = 131_072, 12_288
    assert EngineLimits(cache_gb=2).cache_blocks(large) == 2 * 256
    assert EngineLimits().cache_blocks(small) == 1024
