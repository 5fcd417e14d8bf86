"""Builds a dataset from the conversation log and imported files: filter, redact, split, publish.

The same log and the same files always give the same bytes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dialogue.store.database import Database
from finetune.datasets.dataset import (
    SPLITS,
    Dataset,
    ImportRecord,
    SourceTurns,
    TimeWindow,
    find_dataset,
    kind_of,
)
from finetune.datasets.erasing import erase_pending
from finetune.datasets.examples_from_log import examples_of, has_unsupported_correction, preference_pairs
from finetune.datasets.filters import ExampleFilter
from finetune.datasets.importing import import_records, read_imported
from finetune.datasets.log import PAGE_SIZE, ConversationLog, Exchange, FeedbackEntry
from finetune.datasets.privacy import Redactor
from finetune.datasets.raters import RaterAgreement, RaterFilter
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.errors import EmptyDataset
from finetune.examples import Example

BuildProgress = Callable[[str, int], None]
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


def no_progress(stage: str, done: int) -> None:
    pass


async def build_dataset(
    database: Database,
    folder: Path,
    options: BuildOptions = BuildOptions(),
    imports: Sequence[Path] = (),
    progress: BuildProgress = no_progress,
) -> Dataset:
    """A new dataset in `folder`, which holds all of them; the one that is there if it would be the same.

    Whoever is forgotten meanwhile is not in it. Raises EmptyDataset if nothing is left to learn from, DatasetError if
    another build runs or one cannot be read that may hold forgotten words, BadFile, StoreUnavailable.
    """
    directory = DatasetDirectory(folder)
    with directory.changing():
        erase_pending(directory)
    with directory.building(), DatasetWriter(folder) as writer:
        log = ConversationLog(database, options.since)
        raters = RaterFilter(await _find_distrusted(log, progress), options.per_rater)
        build = _DatasetBuild(writer, options, raters)
        build.left["no consent"] = await log.withheld()
        async for exchange in log.exchanges():
            build.take(exchange)
            progress("exchanges", build.read)
        build.pair()
        records = [record for path in imports for record in await build.take_file(path, progress)]
        if not writer.rows:
            raise EmptyDataset(folder, build.filters())
        with directory.changing():
            window = TimeWindow(since=options.since, until=build.until)
            dataset = writer.publish(filters=build.filters(), imports=records, log=window)
            erase_pending(directory)
    return find_dataset(folder, dataset.id)


async def _find_distrusted(log: ConversationLog, progress: BuildProgress) -> frozenset[str]:
    agreement, number = RaterAgreement(), 0
    async for rated in log.opinions():
        agreement.add(rated)
        number += 1
        progress("ratings", number)
    return agreement.distrusted()


class _DatasetBuild:
    """Takes exchanges in the order of the log, and what is good in them goes to the writer."""

    def __init__(self, writer: DatasetWriter, options: BuildOptions, raters: RaterFilter) -> None:
        self._writer = writer
        self._options = options
        self._raters = raters
        self._redactor = Redactor()
        self._filter = ExampleFilter()
        self._taken: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.read = 0
        self.until: datetime | None = None

    def take(self, exchange: Exchange) -> None:
        self.read += 1
        self.until = max(filter(None, (self.until, exchange.answer.created_at)))
        opinions = self._raters.of(exchange.opinions)
        if self._over_cap(exchange):
            self.left["conversation or account over cap"] += 1
            return
        clean = self._redactor.exchange(exchange, opinions)
        self._learn(clean, clean.opinions)

    def pair(self) -> None:
        """Within a split, so that nothing to be tested on is trained on. Call it when the whole log is taken."""
        for split in SPLITS:
            if path := self._writer.path("rated", split):
                for pair in preference_pairs(path):
                    self._keep(pair.example, [s for name in pair.made_of for s in self._writer.sources(name)])

    async def take_file(self, path: Path, progress: BuildProgress) -> Sequence[ImportRecord]:
        """What is public is neither altered nor capped. Raises BadFile."""
        rows = 0
        for rows, example in enumerate(read_imported(path), 1):
            self._keep(example)
            progress(f"rows of {path.name}", rows)
            if rows % PAGE_SIZE == 0:
                await asyncio.sleep(0)  # whoever waits on the same loop, such as a lease, has a turn
        return tuple(import_records(path, rows))

    def filters(self) -> Mapping[str, int]:
        replaced = {f"personal data: {kind}": count for kind, count in self._redactor.counts.items()}
        return {**self.left, **self._raters.dropped, **self._filter.left, **replaced}

    def _learn(self, exchange: Exchange, opinions: Sequence[FeedbackEntry]) -> None:
        self.left["unsupported correction"] += has_unsupported_correction(exchange, opinions)
        sources = (SourceTurns(conversation=exchange.conversation, turns=exchange.turns),)
        for example in examples_of(exchange, opinions):
            self._keep(example, sources)

    def _keep(self, example: Example, sources: Sequence[SourceTurns] = ()) -> None:
        kind = kind_of(example)
        if self._filter.passes(kind, example):
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
