"""Erases a person's data (I7) from the store, the datasets and the reports, and names the releases trained on it.

Datasets come first: if the erasure is interrupted, the person is still in the store, and running it again completes
it.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from dialogue.store.erasure import ErasedRows
from dialogue.store.store import Store
from finetune.datasets.erasing import erase_conversations
from finetune.evaluation.report import report_path
from finetune.releases import Releases


@dataclass(frozen=True, slots=True)
class ErasureReport(ErasedRows):
    """What was erased. Weights cannot forget: the releases that were trained on the words are named instead."""

    datasets: tuple[str, ...]
    """Datasets that held the person's words; each was replaced by one without them."""
    examples: int
    """How many examples were removed from them."""
    learnt: tuple[str, ...]
    """Releases trained on these datasets: roll them back, or train again."""


class Eraser:
    """datasets: the folder of all datasets. reports: the folder of the pages that show replies of releases."""

    def __init__(self, store: Store, datasets: Path, reports: Path) -> None:
        self._store = store
        self._releases = Releases(store.database)
        self._datasets = datasets
        self._reports = reports

    async def forget(
        self, channel: str, account: str | None = None, author: str | None = None
    ) -> ErasureReport:
        """As `Store.forget`. Raises ValueError without account and author, DatasetError, StoreUnavailable."""
        concerned = await self._store.erasure.affected(channel, account, author)
        before = await asyncio.to_thread(erase_conversations, self._datasets, concerned)
        erasure = await self._store.erasure.forget(channel, account, author)
        after = await asyncio.to_thread(erase_conversations, self._datasets, erasure.conversations)
        held = tuple(dict.fromkeys((*before.held, *after.held)))
        learnt = await self._releases.trained_on(held)
        for release in learnt:
            report_path(self._reports, release).unlink(missing_ok=True)
        examples = before.examples + after.examples
        return ErasureReport(
            erasure.counts, erasure.conversations, erasure.releases, held, examples, tuple(learnt)
        )
