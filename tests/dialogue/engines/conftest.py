"""The local engines, in this process and in one of their own, on a model that the tests write themselves."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dialogue.engines.chat import LocalChatModel, StreamingChatModel
from dialogue.engines.llamacpp import SlotLimits, load_llamacpp
from dialogue.engines.openvino import EngineLimits, load_openvino
from dialogue.engines.process import start_process
from dialogue.engines.transformers import load_transformers
from tests.dialogue.engines.alphabet_model import write_alphabet

WINDOW = 4000
MAX_TOKENS = 40
LOADERS = {
    "openvino": partial(load_openvino, limits=EngineLimits(window=WINDOW)),
    "llamacpp": partial(load_llamacpp, limits=SlotLimits(window=WINDOW), threads=2),
    "transformers": partial(load_transformers, window=WINDOW),
}


@pytest.fixture(scope="session")
def alphabet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alphabet") / "alphabet.gguf"
    write_alphabet(path)
    return path


def _loaded(name: str, alphabet: Path) -> Iterator[StreamingChatModel]:
    if name == "process":
        load = partial(LOADERS["openvino"], max_tokens=MAX_TOKENS)
        chat: StreamingChatModel = start_process(load, alphabet)
    else:
        chat = LOADERS[name](alphabet, max_tokens=MAX_TOKENS)
    yield chat
    chat.close()


@pytest.fixture(params=[*LOADERS, "process"], scope="module")
def chat(request: pytest.FixtureRequest, alphabet: Path) -> Iterator[StreamingChatModel]:
    """Runs the test once on each engine, which the tests of a module share."""
    yield from _loaded(request.param, alphabet)


@pytest.fixture(params=LOADERS, scope="module")
def local_chat(request: pytest.FixtureRequest, alphabet: Path) -> Iterator[LocalChatModel]:
    """The same for what only a model in this process offers."""
    chat = LOADERS[request.param](alphabet, max_tokens=MAX_TOKENS)
    yield chat
    chat.close()


@pytest.fixture(params=[*LOADERS, "process"])
def own_chat(request: pytest.FixtureRequest, alphabet: Path) -> Iterator[StreamingChatModel]:
    """The same for a test that closes it."""
    yield from _loaded(request.param, alphabet)
