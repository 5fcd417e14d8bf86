"""Which file is the reader's, and that it is read with the word vectors of E5."""

from pathlib import Path

import pytest

from bot.models.reader import load_reader
from bot.settings import SHIPPED_READER, load_settings
from retrieval.encoders.names import E5
from retrieval.errors import EncoderError
from tests.retrieval.reader.tiny_reader import write_reader


class Here:
    """Weights that are all one file."""

    def __init__(self, file: Path | None) -> None:
        self.file = file

    def locate(self, name: str) -> Path | None:
        assert name == E5
        return self.file


def test_it_is_the_one_that_ships_or_the_one_that_is_named() -> None:
    assert load_settings(reader="on").reader_file == SHIPPED_READER
    assert load_settings(reader="mine.safetensors").reader_file == Path("mine.safetensors")


def test_it_is_loaded_with_the_words_of_e5(tmp_path: Path) -> None:
    tiny = write_reader(tmp_path)
    whole = load_reader(load_settings(reader=str(tiny.weights)), Here(tmp_path / "e5.bin"))
    assert (whole.model.calibration, whole.budget) == (tiny.calibration, None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_reader(tmp_path)
    with pytest.raises(EncoderError, match=r"missing\.safetensors is not a reader"):
        load_reader(load_settings(reader=str(tmp_path / "missing.safetensors")), Here(tmp_path / "e5.bin"))


def test_it_keeps_sentences_where_they_are_asked_for(tmp_path: Path) -> None:
    settings = load_settings(
        reader=str(write_reader(tmp_path).weights), evidence="sentences", passage_tokens=99
    )
    assert load_reader(settings, Here(tmp_path / "e5.bin")).budget == 99


def test_with_a_reader_e5_is_among_the_weights_to_have() -> None:
    assert E5 in load_settings(reader="on", encoder="small").local_weights()
    assert E5 not in load_settings(encoder="small").local_weights()
