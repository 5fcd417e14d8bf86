"""A candidate beside the live release and the weights as they come: on the log's test split, and on what guards.

Knows neither gate nor training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.measuring import Bar, measure
from bot.sets import Sets, frozen_sets, held_out_sets
from bot.systems import Systems
from finetune.datasets.dataset import Dataset
from finetune.evaluation.comparison import compare
from finetune.release import BASE, Lineup, Release
from finetune.retraining import Trial


@dataclass(frozen=True, slots=True)
class Trials:
    """frozen: files and folders that an operator checked, which every candidate is measured on.

    limit: rows of each set at most. cache: where vectors of corpora are kept.
    """

    systems: Systems
    frozen: Sequence[Path]
    limit: int
    cache: Path
    bar: Bar

    async def hold(self, release: Release, dataset: Dataset, live: Lineup) -> Trial:
        """Measures one system after the other. Raises the packages' errors."""
        lineups = (live.given_to(release.id, release.tasks), live.names, live.given_to(BASE, release.tasks))
        ours, theirs, base = (self.systems.under(Lineup(names)) for names in lineups)
        systems = {system.name: system for system in (ours, theirs, base)}.values()
        logged, imported = (self._tested(release, dataset, logged=logged) for logged in (True, False))
        decisive = logged | frozen_sets(self.frozen, release.tasks, self.limit)
        sets = decisive | imported
        results = [r for system in systems for r in await measure(system, sets, self.cache, self.bar)]
        comparisons = compare(results, ours.name)
        return Trial(
            decisive=[c for c in comparisons if c.candidate.set in decisive.names],
            others=[c for c in comparisons if c.candidate.set not in decisive.names],
            live=theirs.name,
            base=base.name,
        )

    def _tested(self, release: Release, dataset: Dataset, *, logged: bool) -> Sets:
        return held_out_sets(dataset, release.tasks, self.limit, logged=logged)
