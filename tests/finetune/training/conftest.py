from pathlib import Path

import pytest

from tests.finetune.training.tiny import tiny_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a language model that knows nothing."""
    return tiny_base(tmp_path_factory.mktemp("base"))
