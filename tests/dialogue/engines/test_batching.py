"""People share one pipeline: they join and leave between two steps, and nobody's trouble is another's."""

import queue
import threading

import openvino_genai as genai
import pytest

from dialogue.engines.base import GenerationRequest, TokenBatch
from dialogue.engines.batching import ContinuousBatch
from dialogue.engines.openvino import LOOKUP, PROPERTIES
from dialogue.errors import EngineError
from tests.dialogue.engines.alphabet_model import END

STEP_TOKENS = 32
PATIENCE = 20
"""Seconds, on a busy machine."""


class Watched:
    """The real pipeline; it counts its steps, waits before each where told to, and fails when broken."""

    def __init__(self, pipeline: genai.ContinuousBatchingPipeline) -> None:
        self._pipeline = pipeline
        self.steps = 0
        self.going = threading.Event()
        self.going.set()
        self.broken = False

    def add_request(self, *request):
        return self._pipeline.add_request(*request)

    def step(self) -> None:
        self.going.wait(PATIENCE)
        self.steps += 1
        if self.broken:
            raise RuntimeError("out of memory")
        self._pipeline.step()


class Listener:
    """Takes the steps of one request."""

    def __init__(self, batch: ContinuousBatch, prompt: str, max_tokens: int = 2000) -> None:
        self._steps = queue.SimpleQueue[TokenBatch]()
        self.request = GenerationRequest(list(prompt.encode()), max_tokens, self._steps.put)
        batch.submit(self.request)

    def step(self) -> TokenBatch:
        return self._steps.get(timeout=PATIENCE)

    def reply(self) -> str:
        """All that is said until the end. Raises the error that ended it."""
        tokens: list[int] = []
        while True:
            step = self.step()
            tokens.extend(step.tokens)
            if isinstance(step.end, EngineError):
                raise step.end
            if step.end:
                return bytes(token for token in tokens if token != END).decode()


def pipeline(path, blocks: int = 0) -> Watched:
    config = genai.SchedulerConfig()
    config.enable_prefix_caching = True
    config.dynamic_split_fuse = True
    config.max_num_batched_tokens = STEP_TOKENS
    config.cache_size, config.num_kv_blocks = (0, blocks) if blocks else (1, 0)
    return Watched(genai.ContinuousBatchingPipeline(str(path), config, "CPU", {**LOOKUP, **PROPERTIES}))


@pytest.fixture
def watched(request, alphabet) -> Watched:
    return pipeline(alphabet, getattr(request, "param", 0))


@pytest.fixture
def batch(watched):
    opened = ContinuousBatch(watched, {END})
    yield opened
    watched.broken = False
    opened.close()


def test_a_newcomer_does_not_wait_for_the_others_to_end(batch):
    endless = Listener(batch, "0")
    endless.step()
    assert Listener(batch, "v").reply() == "wxyz"
    assert endless.step().end is None
    endless.request.cancelled.set()


def test_a_beginning_that_was_read_before_is_not_read_again(batch, watched):
    page = "A home battery has a warranty of ten years. " * 16
    assert Listener(batch, page + "v").reply() == "wxyz"
    cold, watched.steps = watched.steps, 0
    assert Listener(batch, page + "w").reply() == "xyz"
    assert cold >= len(page) / STEP_TOKENS
    assert watched.steps < cold / 2


@pytest.mark.parametrize("watched", [20], indirect=True)
def test_who_leaves_makes_room_for_the_next(batch):
    for beginning in "abc":
        endless = Listener(batch, beginning * 400 + "0", max_tokens=50)
        endless.step()
        endless.request.cancelled.set()
    assert Listener(batch, "d" * 400 + "v").reply() == "wxyz"


@pytest.mark.parametrize("watched", [4], indirect=True)
def test_a_prompt_without_room_is_refused_with_the_remedy(batch):
    with pytest.raises(EngineError, match="a larger cache"):
        Listener(batch, "a" * 640).reply()
    assert Listener(batch, "v").reply() == "wxyz"


def test_a_step_that_fails_ends_everybody_and_the_next_is_answered(batch, watched):
    listeners = [Listener(batch, prompt) for prompt in "05"]
    for subscription in listeners:
        subscription.step()
    watched.broken = True
    for subscription in listeners:
        with pytest.raises(EngineError, match="out of memory"):
            subscription.reply()
    watched.broken = False
    assert Listener(batch, "v").reply() == "wxyz"


def test_a_pipeline_that_stays_broken_is_not_stepped_for_nobody(batch, watched):
    watched.broken = True
    with pytest.raises(EngineError):
        Listener(batch, "0").reply()
    with pytest.raises(EngineError):
        Listener(batch, "0").reply()
    assert watched.steps <= 4


def test_nothing_is_done_while_nobody_waits(batch, watched):
    Listener(batch, "v").reply()
    Listener(batch, "v").reply()
    done = watched.steps
    assert not threading.Event().wait(0.1)
    assert watched.steps == done


def test_a_prompt_that_the_pipeline_refuses_ends_alone(batch):
    subscription = Listener(batch, "0")
    subscription.step()
    with pytest.raises(EngineError, match="refused the prompt"):
        Listener(batch, "").reply()
    assert subscription.step().end is None


def test_who_has_left_before_the_first_step_is_not_read(batch, watched):
    watched.going.clear()
    running = Listener(batch, "v")
    gone = Listener(batch, "a" * 320 + "v")
    gone.request.cancelled.set()
    watched.going.set()
    assert running.reply() == "wxyz"
    assert watched.steps < 320 / STEP_TOKENS


def test_closing_ends_those_who_run_and_those_who_come(batch, watched):
    running = Listener(batch, "0")
    running.step()
    watched.going.clear()
    waiting = Listener(batch, "v")
    closing = threading.Thread(target=batch.close)
    closing.start()
    watched.going.set()
    closing.join(PATIENCE)
    for subscription in (running, waiting):
        with pytest.raises(EngineError, match="after the restart"):
            subscription.reply()
    with pytest.raises(EngineError, match="after the restart"):
        Listener(batch, "v")
