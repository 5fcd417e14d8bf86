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
from finetune.datasets.log import ConversationLog, Exchange
from finetune.datasets.privacy import Redactor
from finetune.datasets.raters import RaterAgreement, RaterFilter
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.errors import EmptyDataset
from finetune.examples import Example

ROWS_BETWEEN_PAUSES = 500
"""While a file is imported, other tasks on the event loop get a turn this often."""

BuildProgress = Callable[[str, int], None]
"""Called with what is being read, and how many have been read."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """since: leaves out what was answered before. The caps keep one person from steering what is learnt.

    per_conversation, per_account: at most this many exchanges; an account may have any number of conversations.
    per_rater: at most this many ratings.
    """

    since: datetime | None = None
    per_conversation: int = 20
    per_account: int = 100
    per_rater: int = 50


def no_progress(stage: str, done: int) -> None:
    pass


async def build_dataset(
    database: Database,
    folder: Path,
    options: BuildOptions = BuildOptions(),
    imports: Sequence[Path] = (),
    progress: BuildProgress = no_progress,
) -> Dataset:
    """Builds a dataset in `folder`, which holds all of them, or returns the existing one with the same examples.

    Conversations that are forgotten while it builds are not in it. Raises EmptyDataset if nothing is left to learn
    from, DatasetError if another build is running or a dataset that may hold forgotten words cannot be read, BadFile,
    StoreUnavailable.
    """
    directory = DatasetDirectory(folder)
    with directory.changing():
        erase_pending(directory)
    with directory.building(), DatasetWriter(folder) as writer:
        log = ConversationLog(database, options.since)
        raters = RaterFilter(await _find_distrusted(log, progress), options.per_rater)
        build = _DatasetBuild(writer, options, raters)
        build.left["no consent"] = await log.without_consent()
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
    async for rated in log.feedback():
        agreement.add(rated)
        number += 1
        progress("ratings", number)
    return agreement.distrusted()


class _DatasetBuild:
    """Takes exchanges in the order of the log, and passes the examples that are good enough to the writer."""

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
        feedback = self._raters.trusted(exchange.feedback)
        if self._over_cap(exchange):
            self.left["conversation or account over cap"] += 1
            return
        self._learn(self._redactor.exchange(exchange, feedback))

    def pair(self) -> None:
        """Makes preference pairs, each within one split. Call it after the whole log has been taken."""
        for split in SPLITS:
            if path := self._writer.path("rated", split):
                for pair in preference_pairs(path):
                    self._keep(pair.example, [s for name in pair.made_of for s in self._writer.sources(name)])

    async def take_file(self, path: Path, progress: BuildProgress) -> Sequence[ImportRecord]:
        """Imported examples are neither redacted nor capped. Raises BadFile."""
        rows = 0
        for rows, example in enumerate(read_imported(path), 1):
            self._keep(example)
            progress(f"rows of {path.name}", rows)
            if rows % ROWS_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)  # a lease that is renewed on the same loop must not wait for long
        return tuple(import_records(path, rows))

    def filters(self) -> Mapping[str, int]:
        replaced = {f"personal data: {kind}": count for kind, count in self._redactor.counts.items()}
        return {**self.left, **self._raters.dropped, **self._filter.left, **replaced}

    def _learn(self, exchange: Exchange) -> None:
        self.left["unsupported correction"] += has_unsupported_correction(exchange)
        sources = (SourceTurns(conversation=exchange.conversation, turns=exchange.turns),)
        for example in examples_of(exchange):
            self._keep(example, sources)

    def _keep(self, example: Example, sources: Sequence[SourceTurns] = ()) -> None:
        kind = kind_of(example)
        if self._filter.passes(kind, example):
            self._writer.add(kind, example, sources)

    def _over_cap(self, exchange: Exchange) -> bool:
        """Both are counted, because an account can start any number of conversations."""
        home, account = f"conversation {exchange.conversation}", f"account {exchange.account}"
        over = (
            self._taken[home] >= self._options.per_conversation
            or self._taken[account] >= self._options.per_account
        )
        if not over:
            self._taken.update((home, account))
        return over
