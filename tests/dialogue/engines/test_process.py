"""An engine in a process of its own: it dies, hangs and is started again, and whoever asks is answered or told why."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage
from structlog.testing import capture_logs

from bot.models.download import Hub
from bot.models.local import load_local_model
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.engines.generation import GREEDY
from dialogue.engines.process import ProcessChatModel, ProcessLimits, start_process
from dialogue.engines.streaming import ReplyPiece, ReplyRequest
from dialogue.errors import EngineError, PromptTooLong
from tests.dialogue.engines.echo_model import WINDOW, load_echo, load_nothing, load_once

PATIENCE = 20
"""Seconds, on a busy machine."""
QUICK = ProcessLimits(silence=1.0, first_pause=0.05, longest_pause=0.2)


def eventually(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """A zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_there(pid: int) -> bool:
    """Also as a zombie."""
    return Path(f"/proc/{pid}").exists()


@contextmanager
def started(load, *given, limits: ProcessLimits = QUICK) -> Iterator[ProcessChatModel]:
    with capture_logs():
        chat = start_process(load, *given, limits=limits)
        try:
            yield chat
        finally:
            chat.close()


@pytest.fixture(scope="module")
def echo() -> Iterator[ProcessChatModel]:
    """Shared: whoever ends its child only has it started again."""
    with started(load_echo) as chat:
        yield chat


def test_it_answers_from_another_process(echo):
    assert echo.invoke("pid").text == str(echo.process.pid)
    assert echo.process.pid != os.getpid()
    assert echo._llm_type == "echo"


def test_the_process_gives_way_to_the_server(echo):
    assert int(echo.invoke("nice").text) == min(19, os.nice(0) + QUICK.niceness)


def test_what_is_printed_there_does_no_harm(echo, capfd):
    assert echo.invoke("print").text == "print"


async def test_many_are_answered_at_once(echo):
    texts = [f"person {n}" for n in range(20)]
    replies = await asyncio.gather(*map(echo.ainvoke, texts))
    assert [reply.text for reply in replies] == texts
    assert replies[0].usage_metadata["input_tokens"] == len(texts[0])


def test_errors_come_across_with_their_remedies(echo):
    with pytest.raises(PromptTooLong, match="fewer tokens of passages") as refused:
        echo.invoke("x" * WINDOW)
    assert (refused.value.tokens, refused.value.remedies) == (WINDOW, ("passage_tokens",))
    with pytest.raises(EngineError, match="The model failed: the template"):
        echo.invoke("broken template")


async def test_who_stops_listening_frees_the_model(echo):
    async with aclosing(echo.astream("z" * 1500)) as stream:
        async for _ in stream:
            break
    async with asyncio.timeout(5):
        assert (await echo.ainvoke("next")).text == "next"
    assert not echo.process._requests


async def test_a_listener_who_is_gone_takes_nobody_along(echo):
    """Where an event loop was closed without ending its generators, the reading thread meets its error."""
    refused = threading.Event()

    def deliver(piece: ReplyPiece) -> None:
        refused.set()
        raise RuntimeError("Event loop is closed")

    echo.begin(ReplyRequest([{"role": "user", "content": "z" * 200}], deliver))
    assert await asyncio.to_thread(refused.wait, PATIENCE)
    assert (await echo.ainvoke("next")).text == "next"


async def test_it_is_started_again_when_it_dies(echo):
    restarts = threading.Event()
    echo.process.on_restart = restarts.set
    with pytest.raises(EngineError, match="killed by SIGKILL"):
        await echo.ainvoke("die")
    assert (await echo.ainvoke("and now?")).text == "and now?"
    assert restarts.is_set()
    assert echo.process.trouble == ""


async def test_those_in_progress_end_with_an_error_and_those_who_come_wait(echo):
    running = asyncio.create_task(echo.ainvoke("z" * 1500))
    await asyncio.sleep(0.1)
    os.kill(echo.process.pid, signal.SIGKILL)
    waiting = [asyncio.create_task(echo.ainvoke(f"later {n}")) for n in range(3)]
    with pytest.raises(EngineError, match="Ask again"):
        await running
    for n, reply in enumerate(await asyncio.gather(*waiting, return_exceptions=True)):
        assert isinstance(reply, EngineError) or reply.text == f"later {n}"
    assert (await echo.ainvoke("after it")).text == "after it"


async def test_it_is_started_again_when_it_hangs(echo):
    with pytest.raises(EngineError, match="made no step for 1 s"):
        await echo.ainvoke("hang")
    assert (await echo.ainvoke("and now?")).text == "and now?"


def test_a_process_without_requests_does_not_count_as_hanging(echo):
    pid = int(echo.invoke("pid").text)
    time.sleep(1.5 * QUICK.silence)
    assert int(echo.invoke("pid").text) == pid


def test_prompts_are_read_again_before_requests_are_taken(tmp_path):
    notes = tmp_path / "notes"
    with started(load_echo, notes) as chat:
        chat.remember([[HumanMessage("beginning")], [HumanMessage("beginning")], [HumanMessage("other")]])
        os.kill(chat.process.pid, signal.SIGKILL)
        eventually(lambda: not chat.process._ready)
        assert chat.invoke("question").text == "question"
    assert notes.read_text().split() == ["beginning", "other", "question"]


def test_what_cannot_be_loaded_says_why():
    with pytest.raises(EngineError, match="There are no weights") as failed, started(load_nothing):
        pass
    assert failed.value.remedies == ("model",)


@pytest.mark.slow
def test_after_several_failed_starts_requests_are_refused_until_one_succeeds(tmp_path):
    token = tmp_path / "token"
    token.touch()
    with started(load_once, token) as chat:
        os.kill(chat.process.pid, signal.SIGKILL)
        for waits in (True, False):  # until there is no hope, and no more from then on
            with pytest.raises(EngineError, match=r"killed by SIGKILL|There are no weights"):
                chat.invoke(f"who waits: {waits}")
        eventually(lambda: chat.process._failed_starts >= QUICK.failures)
        with pytest.raises(EngineError, match="There are no weights"):
            chat.invoke("refused")
        assert chat.process.trouble == "There are no weights."
        token.touch()
        eventually(lambda: not chat.process.trouble)
        assert chat.invoke("answered").text == "answered"


async def test_closing_ends_what_runs_and_leaves_no_process():
    with started(load_echo) as chat:
        pid = chat.process.pid
        running = asyncio.create_task(chat.ainvoke("z" * 1500))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(chat.close)
        with pytest.raises(EngineError, match="shut down"):
            await running
        assert not is_there(pid)
        with pytest.raises(EngineError, match="shut down"):
            await chat.ainvoke("x")
        chat.close()


def test_signals_of_a_terminal_are_left_to_the_parent(echo):
    pid = int(echo.invoke("pid").text)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert int(echo.invoke("pid").text) == pid
    assert os.getpgid(pid) != os.getpgid(0)


PARENT = """
import sys, time
from dialogue.engines.process import start_process
from tests.dialogue.engines.echo_model import load_echo
chat = start_process(load_echo)
print(chat.process.pid, flush=True)
{then}
"""


@pytest.mark.slow
@pytest.mark.parametrize("then", ["time.sleep(1000)", "", "[*chat.stream('hang')]"])
def test_it_ends_with_its_parent(then):
    """Killed, or at its end without closing, also while the model hangs."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    with parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        if then:
            time.sleep(0.3)
            parent.kill()
    eventually(lambda: not is_running(pid))


def test_every_error_survives_the_border():
    for error in (EngineError("Out of memory.", remedies=("cache_gb",)), PromptTooLong(10, 5)):
        found = pickle.loads(pickle.dumps(error))
        assert (type(found), str(found), vars(found)) == (type(error), str(error), vars(error))


def test_a_loader_with_options_can_be_given():
    with started(partial(load_echo, notes=None)) as chat:
        assert chat.invoke("hello").text == "hello"


@pytest.fixture(scope="module")
def small() -> Path:
    """A real model, the smallest of the catalog."""
    settings = Settings(_env_file=None)
    path = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate("smollm2-135m-instruct")
    assert path is not None
    return path


@pytest.mark.weights
async def test_real_weights_that_were_killed_answer_as_before(small):
    with started(load_local_model, "openvino", small, 1, 0, GREEDY, limits=ProcessLimits()) as chat:
        beginning = [HumanMessage("List the months of the year, in order.")]
        chat.remember([beginning])
        before = await chat.ainvoke(beginning, max_tokens=24)
        answering = asyncio.create_task(chat.ainvoke("Tell me a long story.", max_tokens=300))
        await asyncio.sleep(0.3)
        os.kill(chat.process.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="killed by SIGKILL"):
            await answering
        after = await chat.ainvoke(beginning, max_tokens=24)
    assert after.text == before.text
    assert after.usage_metadata["input_token_details"]["cache_read"] > 0
