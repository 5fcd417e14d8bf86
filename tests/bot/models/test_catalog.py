"""The catalog names weights completely: a hash for every file, a licence, and packages that hold them."""

import re

import pytest

from bot.models.catalog import Parts, load_catalog

CATALOGUE = load_catalog()


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_an_entry_is_complete(entry):
    assert entry.role in ("encoder", "generator")
    assert entry.about
    assert entry.licence in ("Apache-2.0", "MIT")
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in entry.files.values())
    if entry.files:
        assert entry.size > 10**6
        assert entry.packages


def test_a_generator_is_one_file_and_an_encoder_a_folder():
    assert CATALOGUE["smollm2-135m-instruct"].main == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert CATALOGUE["all-MiniLM-L6-v2"].main == "."


def test_packages_are_pinned_and_counted_from_one():
    parts = Parts("weights-part-{n:03}==0.1", count=2)
    assert parts.requirements() == ("weights-part-001==0.1", "weights-part-002==0.1")
