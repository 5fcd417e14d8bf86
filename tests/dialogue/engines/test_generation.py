"""How tokens are chosen: the values that are refused, and each way on each engine."""

import pytest

from dialogue.engines.generation import GenerationOptions
from dialogue.errors import EngineError
from tests.dialogue.engines.alphabet_model import write_alphabet
from tests.dialogue.engines.conftest import LOADERS

CHOICES = {
    "nucleus": GenerationOptions(temperature=0.01, top_p=0.5),
    "beams": GenerationOptions(num_beams=3),
    "penalty": GenerationOptions(repetition_penalty=1.1),
}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 0.9}, "temperature above 0"),
        ({"temperature": 1, "top_p": 0}, "top_p"),
        ({"num_beams": 0}, "num_beams"),
        ({"num_beams": 2, "temperature": 1}, "temperature 0"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(values, named):
    with pytest.raises(ValueError, match=named):
        GenerationOptions(**values)


def test_only_the_default_is_greedy():
    assert GenerationOptions().greedy
    assert not any(options.greedy for options in CHOICES.values())


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("engine", LOADERS)
def test_a_reply_that_has_no_rival_comes_out_each_way(engine, choice, alphabet):
    if (engine, choice) == ("llamacpp", "beams"):
        with pytest.raises(EngineError, match="no beam search"):
            LOADERS[engine](alphabet, options=CHOICES[choice])
        return
    chat = LOADERS[engine](alphabet, options=CHOICES[choice], max_tokens=20)
    replies = [chat.invoke("v").content, chat.invoke("w").content]
    chat.close()
    assert replies == ["wxyz", "xyz"]


@pytest.mark.parametrize("engine", LOADERS)
def test_what_is_sampled_is_not_always_the_likeliest(engine, tmp_path):
    write_alphabet(tmp_path / "unsure.gguf", sure=0.02)
    chat = LOADERS[engine](tmp_path / "unsure.gguf", options=GenerationOptions(temperature=2), max_tokens=20)
    reply = chat.invoke("0").content
    chat.close()
    assert reply != "12345678901234567890"


@pytest.mark.parametrize("engine", LOADERS)
def test_a_penalty_makes_what_has_been_said_less_likely(engine, tmp_path):
    write_alphabet(tmp_path / "rival.gguf", rival=0.8)
    chat = LOADERS[engine](tmp_path / "rival.gguf", options=GenerationOptions(repetition_penalty=2.0))
    reply = chat.invoke("0").content
    chat.close()
    assert reply == "123456789z"
