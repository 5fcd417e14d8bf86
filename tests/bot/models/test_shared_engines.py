"""An engine is in memory once, for as long as anybody uses it."""

import asyncio
import threading

import pytest

from bot.metrics import EngineMonitor, Metrics
from bot.models.engines import ModelSpec, SharedEngines
from dialogue.errors import EngineError
from tests.bot.channels.bot_fixture import FakeChatModel


class Garage:
    """Keeps account of what is loaded and closed, and in which threads."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.closed: list[str] = []
        self.threads: set[threading.Thread] = set()

    def load(self, model: ModelSpec) -> FakeChatModel:
        self.threads.add(threading.current_thread())
        if model.weights == "broken":
            raise EngineError("The weights are broken.")
        self.loaded.append(model.weights)
        return FakeChatModel(text=model.weights)

    def close(self, engine: FakeChatModel) -> None:
        self.threads.add(threading.current_thread())
        self.closed.append(engine.text)


@pytest.fixture
def garage() -> Garage:
    return Garage()


@pytest.fixture
def engines(garage) -> SharedEngines:
    return SharedEngines(garage.load, garage.close, EngineMonitor(Metrics()))


async def test_two_that_use_the_same_model_share_its_engine(engines, garage):
    async with engines.acquire(ModelSpec("qwen")) as one:
        async with engines.acquire(ModelSpec("qwen")) as other:
            assert one is other
        assert garage.closed == []
    assert (garage.loaded, garage.closed) == (["qwen"], ["qwen"])


async def test_those_who_come_at_once_load_it_once(engines, garage):
    async def use() -> None:
        async with engines.acquire(ModelSpec("qwen")):
            await asyncio.sleep(0.01)

    await asyncio.gather(*(use() for _ in range(5)))
    assert (garage.loaded, garage.closed) == (["qwen"], ["qwen"])


async def test_people_are_answered_while_it_is_loaded_and_closed(engines, garage):
    async with engines.acquire(ModelSpec("qwen")):
        pass
    assert threading.main_thread() not in garage.threads


async def test_what_failed_is_tried_again_by_the_next(engines, garage):
    for _ in range(2):
        with pytest.raises(EngineError):
            async with engines.acquire(ModelSpec("broken")):
                raise AssertionError("there is no engine")
    async with engines.acquire(ModelSpec("qwen")) as engine:
        assert engine.text == "qwen"


async def test_every_call_is_seen(garage):
    watch = EngineMonitor(Metrics())
    async with SharedEngines(garage.load, garage.close, watch).acquire(ModelSpec("qwen")) as engine:
        await engine.ainvoke("hello")
    assert watch.answered
