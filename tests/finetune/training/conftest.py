from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.finetune.training.tiny import tiny_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a language model that knows nothing."""
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More of them only get into each other's way where matrices are tiny."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
