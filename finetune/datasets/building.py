"""Builds a dataset from the store's log and from imported files: filters, counts what it leaves out, splits, publishes.

The same log and files give the same bytes. Knows the order of the steps; each step is in a file of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dialogue.database import Database
from finetune.datasets.dataset import Dataset, find_dataset, kind_of
from finetune.datasets.erasing import erase_noted
from finetune.datasets.importing import imported, records
from finetune.datasets.log import PAGE, Exchange, Log, Opinion
from finetune.datasets.making import examples_of, unsupported
from finetune.datasets.manifest import Import, Source, Window
from finetune.datasets.pairing import pairs
from finetune.datasets.privacy import Redactor
from finetune.datasets.shelf import Shelf
from finetune.datasets.sieve import Sieve
from finetune.datasets.splitting import SPLITS
from finetune.datasets.trust import Ballots, Trust
from finetune.datasets.writing import DatasetWriter
from finetune.errors import EmptyDataset
from finetune.examples import Example

Progress = Callable[[str, int], None]
"""Told what is read and how many of it."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """since: leaves out what was answered before. The caps keep one person from steering what is learnt."""

    since: datetime | None = None
    per_conversation: int = 20
    """Exchanges of one conversation."""
    per_account: int = 100
    """Exchanges of one account, in however many conversations."""
    per_rater: int = 50
    """Ratings of one rater."""


def silent(stage: str, done: int) -> None:
    pass


async def build_dataset(
    database: Database,
    folder: Path,
    options: BuildOptions = BuildOptions(),
    imports: Sequence[Path] = (),
    progress: Progress = silent,
) -> Dataset:
    """A new dataset in `folder`, which holds all of them; the one that is there if it would be the same.

    Whoever is forgotten meanwhile is not in it. Raises EmptyDataset if nothing is left to learn from, DatasetError if
    another build runs or one cannot be read that may hold forgotten words, BadFile, StoreUnavailable.
    """
    shelf = Shelf(folder)
    with shelf.changing():
        erase_noted(shelf)
    with shelf.building(), DatasetWriter(folder) as writer:
        log = Log(database, options.since)
        trust = Trust(await _distrusted(log, progress), options.per_rater)
        build = _Build(writer, options, trust)
        build.left["no consent"] = await log.withheld()
        async for exchange in log.exchanges():
            build.take(exchange)
            progress("exchanges", build.read)
        build.pair()
        records = [record for path in imports for record in await build.take_file(path, progress)]
        if not writer.rows:
            raise EmptyDataset(folder, build.filters())
        with shelf.changing():
            window = Window(since=options.since, until=build.until)
            dataset = writer.publish(filters=build.filters(), imports=records, log=window)
            erase_noted(shelf)
    return find_dataset(folder, dataset.id)


async def _distrusted(log: Log, progress: Progress) -> frozenset[str]:
    ballots, number = Ballots(), 0
    async for rated in log.opinions():
        ballots.add(rated)
        number += 1
        progress("ratings", number)
    return ballots.distrusted()


class _Build:
    """Takes exchanges in the order of the log, and what is good in them goes to the writer."""

    def __init__(self, writer: DatasetWriter, options: BuildOptions, trust: Trust) -> None:
        self._writer = writer
        self._options = options
        self._trust = trust
        self._redactor = Redactor()
        self._sieve = Sieve()
        self._taken: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.read = 0
        self.until: datetime | None = None

    def take(self, exchange: Exchange) -> None:
        self.read += 1
        self.until = max(filter(None, (self.until, exchange.answer.created_at)))
        opinions = self._trust.of(exchange.opinions)
        if self._over_cap(exchange):
            self.left["conversation or account over cap"] += 1
            return
        clean = self._redactor.exchange(exchange, opinions)
        self._learn(clean, clean.opinions)

    def pair(self) -> None:
        """Within a split, so that nothing to be tested on is trained on. Call it when the whole log is taken."""
        for split in SPLITS:
            if path := self._writer.path("rated", split):
                for pair in pairs(path):
                    self._keep(pair.example, [s for name in pair.made_of for s in self._writer.sources(name)])

    async def take_file(self, path: Path, progress: Progress) -> Sequence[Import]:
        """What is public is neither altered nor capped. Raises BadFile."""
        rows = 0
        for rows, example in enumerate(imported(path), 1):
            self._keep(example)
            progress(f"rows of {path.name}", rows)
            if rows % PAGE == 0:
                await asyncio.sleep(0)  # whoever waits on the same loop, such as a lease, has a turn
        return tuple(records(path, rows))

    def filters(self) -> Mapping[str, int]:
        replaced = {f"personal data: {kind}": count for kind, count in self._redactor.counts.items()}
        return {**self.left, **self._trust.dropped, **self._sieve.left, **replaced}

    def _learn(self, exchange: Exchange, opinions: Sequence[Opinion]) -> None:
        self.left["unsupported correction"] += unsupported(exchange, opinions)
        sources = (Source(conversation=exchange.conversation, turns=exchange.turns),)
        for example in examples_of(exchange, opinions):
            self._keep(example, sources)

    def _keep(self, example: Example, sources: Sequence[Source] = ()) -> None:
        kind = kind_of(example)
        if self._sieve.passes(kind, example):
            self._writer.add(kind, example, sources)

    def _over_cap(self, exchange: Exchange) -> bool:
        """An account starts as many conversations as it likes, so both are counted."""
        home, account = f"conversation {exchange.conversation}", f"account {exchange.account}"
        over = (
            self._taken[home] >= self._options.per_conversation
            or self._taken[account] >= self._options.per_account
        )
        if not over:
            self._taken.update((home, account))
        return over
