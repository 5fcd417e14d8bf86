"""What every local engine promises, shown on each of them."""

import asyncio
import threading
from contextlib import aclosing

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from dialogue.engines.base import GenerationRequest, TokenBatch
from dialogue.errors import EngineError, PromptTooLong
from tests.dialogue.engines.alphabet_model import WIDE
from tests.dialogue.engines.conftest import MAX_TOKENS, WINDOW


async def pieces(chat, prompt, **asked) -> list[str]:
    return [str(piece.text) async for piece in chat.astream(prompt, **asked)]


async def test_a_reply_streams_and_ends_where_the_model_ends_it(chat):
    found = await pieces(chat, "v")
    assert "".join(found) == "wxyz"
    assert len(found) >= 4


async def test_characters_of_several_tokens_come_whole(chat):
    found = await pieces(chat, "?")
    assert "".join(found) == WIDE
    assert not any("\ufffd" in piece for piece in found)


def test_threads_may_ask_without_an_event_loop(chat):
    assert chat.invoke("v").content == "wxyz"
    assert "".join(str(piece.text) for piece in chat.stream("x")) == "yz"


async def test_the_whole_conversation_is_read(chat):
    reply = await chat.ainvoke(
        [SystemMessage("Go on."), HumanMessage("a"), AIMessage("b"), HumanMessage("w")]
    )
    assert reply.content == "xyz"
    assert reply.usage_metadata["input_tokens"] == len("Go on.") + 3


async def test_a_reply_says_why_it_ended_and_what_it_took(chat):
    reply = await chat.ainvoke("w")
    assert reply.response_metadata["finish_reason"] == "stop"
    assert reply.usage_metadata["input_tokens"] == 1
    assert reply.usage_metadata["output_tokens"] == len("xyz") + 1


async def test_the_call_or_else_the_engine_limits_the_reply(chat):
    short, usual = await chat.ainvoke("0", max_tokens=5), await chat.ainvoke("0")
    assert short.content == "12345"
    assert len(usual.content) == MAX_TOKENS
    assert {short.response_metadata["finish_reason"], usual.response_metadata["finish_reason"]} == {"length"}


async def test_strings_that_stop_are_not_given_out(chat):
    reply = await chat.ainvoke("0", stop=["78", "nothing"])
    assert reply.content == "123456"
    assert reply.response_metadata["finish_reason"] == "stop"


async def test_several_at_once_get_their_own_replies(chat):
    prompts = ["a", "w", "5", "?", "x", "0", "v", "y"]
    replies = await asyncio.gather(*(chat.ainvoke(prompt, max_tokens=8) for prompt in prompts))
    assert [reply.content for reply in replies] == [
        "bcdefghi",
        "xyz",
        "67890123",
        WIDE,
        "yz",
        "12345678",
        "wxyz",
        "z",
    ]


async def test_who_stops_listening_stops_the_model_for_himself_alone(chat):
    async def listens_briefly() -> str:
        async with aclosing(chat.astream("0", max_tokens=2000)) as stream:
            async for piece in stream:
                return str(piece.text)
        return ""

    brief, other = await asyncio.gather(listens_briefly(), chat.ainvoke("a", max_tokens=25))
    assert brief == "1"
    assert other.content == "bcdefghijklmnopqrstuvwxyz"
    async with asyncio.timeout(5):
        assert (await chat.ainvoke("x")).content == "yz"


async def test_a_task_that_is_cancelled_frees_the_engine(chat):
    endless = asyncio.create_task(chat.ainvoke("0", max_tokens=3000))
    await asyncio.sleep(0.05)
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    async with asyncio.timeout(5):
        assert (await chat.ainvoke("x")).content == "yz"


async def test_a_prompt_longer_than_the_window_is_refused(chat):
    window = WINDOW
    with pytest.raises(PromptTooLong, match="fewer tokens of passages") as refused:
        await chat.ainvoke("x" * (window - 4), max_tokens=5)
    assert (refused.value.tokens, refused.value.window) == (window - 4, window - 5)
    with pytest.raises(PromptTooLong):
        await chat.ainvoke("x" * (10 * window))


def test_tokens_are_counted_as_the_model_reads_them(local_chat):
    assert local_chat.count_tokens("zz 世") == len(["zz", " ", *"世".encode()])


async def test_closing_ends_what_still_runs_with_an_error(own_chat):
    running = [asyncio.create_task(own_chat.ainvoke(prompt, max_tokens=3000)) for prompt in "05"]
    await asyncio.sleep(0.1)
    await asyncio.to_thread(own_chat.close)
    for reply in await asyncio.gather(*running, return_exceptions=True):
        assert isinstance(reply, EngineError)
    with pytest.raises(EngineError, match="after the restart"):
        await own_chat.ainvoke("x")


def test_closing_twice_is_closing(own_chat):
    own_chat.close()
    own_chat.close()


async def test_a_listener_who_is_gone_takes_nobody_with_him(local_chat):
    """Where an event loop was closed without ending its generators, the model's thread meets its error."""
    refused = threading.Event()

    def deliver(step: TokenBatch) -> None:
        refused.set()
        raise RuntimeError("Event loop is closed")

    local_chat.model.submit(GenerationRequest(local_chat.model.encode("0"), 3000, deliver))
    assert await asyncio.to_thread(refused.wait, 5)
    assert (await local_chat.ainvoke("x")).content == "yz"
