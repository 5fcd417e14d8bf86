"""A GGUF file without its weights: everything else is there, whatever types the weights have."""

import pytest
from gguf import GGUFReader

from dialogue.engines.gguf_metadata import copy_metadata


def test_every_key_is_kept_and_no_weight(alphabet, tmp_path):
    copy_metadata(alphabet, tmp_path / "metadata.gguf")
    whole, found = GGUFReader(alphabet), GGUFReader(tmp_path / "metadata.gguf")
    assert found.tensors == []
    for name, field in whole.fields.items():
        if name != "GGUF.tensor_count":
            assert found.fields[name].contents() == field.contents(), name


def test_another_file_is_refused(tmp_path):
    (tmp_path / "page.gguf").write_bytes(b"<html>" + bytes(64))
    with pytest.raises(ValueError, match="no GGUF file"):
        copy_metadata(tmp_path / "page.gguf", tmp_path / "metadata.gguf")
