"""Forgetting a person everywhere (I7): in the store, in datasets and reports, and by name in what learnt their words.

Datasets come first: whoever is interrupted forgets again, and finds the person still in the store. Knows no channels.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from dialogue.erasure import Erasure
from dialogue.store import Store
from finetune.datasets.erasing import forget_in
from finetune.evaluation.page import page_of
from finetune.releases import Releases


@dataclass(frozen=True, slots=True)
class Oblivion(Erasure):
    """What was forgotten, learnt or not. Weights cannot forget: releases that learnt the words are named instead."""

    datasets: tuple[str, ...]
    """Datasets that held the person's words; each was replaced by one without them."""
    examples: int
    """How many examples they lost."""
    learnt: tuple[str, ...]
    """Releases trained on these datasets: roll back, or train anew."""


class Eraser:
    """datasets: the folder of all datasets; reports: of the pages that show what releases replied."""

    def __init__(self, store: Store, datasets: Path, reports: Path) -> None:
        self._store = store
        self._releases = Releases(store.database)
        self._datasets = datasets
        self._reports = reports

    async def forget(self, channel: str, account: str | None = None, author: str | None = None) -> Oblivion:
        """As `Store.forget`. Raises ValueError without account and author, DatasetError, StoreUnavailable."""
        concerned = await self._store.concerned(channel, account, author)
        before = await asyncio.to_thread(forget_in, self._datasets, concerned)
        erasure = await self._store.forget(channel, account, author)
        after = await asyncio.to_thread(forget_in, self._datasets, erasure.conversations)
        held = tuple(dict.fromkeys((*before.held, *after.held)))
        learnt = await self._releases.trained_on(held)
        for release in learnt:
            page_of(self._reports, release).unlink(missing_ok=True)
        examples = before.examples + after.examples
        return Oblivion(
            erasure.counts, erasure.conversations, erasure.releases, held, examples, tuple(learnt)
        )
