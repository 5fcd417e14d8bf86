"""Every suffix in the table names a loader that is there."""

import pytest

from retrieval.loaders import LOADERS, find_loader


@pytest.mark.parametrize("suffix", LOADERS)
def test_a_loader_is_found(suffix):
    assert callable(find_loader(suffix))
