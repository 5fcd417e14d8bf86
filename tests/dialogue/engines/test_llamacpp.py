"""llama.cpp: what it refuses, what its slots keep, and real weights behind it."""

import asyncio

import pytest

from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.engines.llamacpp import SlotLimits, load_llamacpp
from dialogue.errors import EngineError


def test_a_file_that_is_no_model_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(EngineError, match=r"broken\.gguf.*GGUF file"):
        load_llamacpp(path)


async def test_a_reply_says_what_of_its_prompt_a_slot_knew(alphabet):
    chat = load_llamacpp(alphabet, limits=SlotLimits(window=400, slots=1), max_tokens=20)
    usages = [(await chat.ainvoke(prompt)).usage_metadata for prompt in ("a" * 100 + "v", "a" * 100 + "w")]
    chat.close()
    assert [usage["input_token_details"]["cache_read"] for usage in usages] == [0, 100]


async def test_more_people_than_slots_are_answered_one_after_the_other(alphabet):
    chat = load_llamacpp(alphabet, limits=SlotLimits(slots=2))
    replies = await asyncio.gather(*(chat.ainvoke(letter) for letter in "vwxvw"))
    chat.close()
    assert [reply.content for reply in replies] == ["wxyz", "xyz", "yz", "wxyz", "xyz"]


@pytest.mark.weights
async def test_real_weights_answer_several_at_once():
    settings = Settings(_env_file=None)
    path = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate("smollm2-135m-instruct")
    chat = load_llamacpp(path, max_tokens=24)
    capitals = {"France": "Paris", "Hungary": "Budapest", "Spain": "Madrid"}
    questions = [
        f"The capital of {name} is {city}. What is the capital of {name}?" for name, city in capitals.items()
    ]
    replies = await asyncio.gather(*map(chat.ainvoke, questions))
    chat.close()
    for reply, capital in zip(replies, capitals.values(), strict=True):
        assert capital in reply.content
