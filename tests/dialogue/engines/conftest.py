"""Both local engines, on a model that the tests write themselves."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dialogue.engines.chat import LocalChat
from dialogue.engines.openvino import Limits, load_openvino
from dialogue.engines.transformers import load_transformers
from tests.dialogue.engines.alphabet import write_alphabet

WINDOW = 4000
LOADERS = {
    "openvino": partial(load_openvino, limits=Limits(window=WINDOW)),
    "transformers": partial(load_transformers, window=WINDOW),
}


@pytest.fixture(scope="session")
def alphabet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alphabet") / "alphabet.gguf"
    write_alphabet(path)
    return path


def _loaded(name: str, alphabet: Path) -> Iterator[LocalChat]:
    chat = LOADERS[name](alphabet, max_tokens=40)
    yield chat
    chat.close()


@pytest.fixture(params=LOADERS, scope="module")
def chat(request: pytest.FixtureRequest, alphabet: Path) -> Iterator[LocalChat]:
    """Runs the test once on each engine, which the tests of a module share."""
    yield from _loaded(request.param, alphabet)


@pytest.fixture(params=LOADERS)
def own_chat(request: pytest.FixtureRequest, alphabet: Path) -> Iterator[LocalChat]:
    """The same for a test that closes it."""
    yield from _loaded(request.param, alphabet)
