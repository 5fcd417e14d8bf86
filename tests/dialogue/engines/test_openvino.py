"""The default engine: what it loads, what it refuses, and real weights behind it."""

import asyncio

import pytest

from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.engines.openvino import EngineLimits, load_openvino
from dialogue.errors import EngineError, PromptTooLong


def test_a_file_that_is_no_model_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(EngineError, match=r"broken\.gguf.*another model"):
        load_openvino(path)


async def test_a_prompt_that_the_tokenizer_would_cut_is_refused(alphabet):
    chat = load_openvino(alphabet, limits=EngineLimits(window=1_000_000), max_tokens=10)
    with pytest.raises(PromptTooLong):
        await chat.ainvoke("x" * 20_000)
    chat.close()


async def test_a_reply_says_what_of_its_prompt_was_in_the_cache(alphabet):
    chat = load_openvino(alphabet)
    usages = [(await chat.ainvoke(prompt)).usage_metadata for prompt in ("a" * 100 + "v", "a" * 100 + "w")]
    chat.close()
    assert [usage["input_token_details"]["cache_read"] for usage in usages] == [0, 96]


@pytest.fixture(scope="module")
def small():
    """A real model, the smallest of the catalog."""
    settings = Settings(_env_file=None)
    path = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate("smollm2-135m-instruct")
    chat = load_openvino(path, max_tokens=24)
    yield chat
    chat.close()


@pytest.mark.weights
async def test_real_weights_answer_several_at_once(small):
    capitals = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo"}
    replies = await asyncio.gather(*(small.ainvoke(f"What is the capital of {name}?") for name in capitals))
    for reply, capital in zip(replies, capitals.values(), strict=True):
        assert capital in reply.content
