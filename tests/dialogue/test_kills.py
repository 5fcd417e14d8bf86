"""A process may be killed at any moment, and several may serve the same people (I1 to I5)."""

import os
import signal
from pathlib import Path

import pytest

from tests.dialogue.fate import Toll, Trial
from tests.dialogue.mortal import LEASE


@pytest.fixture
def trial(store_url: str, tmp_path: Path) -> Trial:
    return Trial(store_url, tmp_path / "delivered.txt")


def unharmed(toll: Toll) -> bool:
    """No question lost, none answered twice or wrongly, order kept, everything delivered."""
    counts = (toll.lost, toll.doubled, toll.mistaken, toll.disordered, toll.undelivered)
    return counts == (0, 0, 0, 0, 0)


def test_killed_again_and_again(trial: Trial) -> None:
    toll = trial.run(kills=6)

    assert toll.asked > 0
    assert unharmed(toll)


def test_two_processes_serve_the_same_conversations(trial: Trial) -> None:
    with trial.process() as (_, one), trial.process() as (_, other):
        trial.talk([one, other], seconds=2)
        trial.finish([one, other])

    toll = trial.count()
    assert toll.asked > 10
    assert unharmed(toll)
    assert toll.resent == 0


def test_a_process_that_stalls_past_its_lease_does_no_harm(trial: Trial) -> None:
    with trial.process() as (stalled, one), trial.process() as (_, other):
        for _ in range(3):
            trial.talk([one, other], seconds=0.3)
            os.kill(stalled.pid or 0, signal.SIGSTOP)
            trial.talk([other], seconds=2 * LEASE)
            os.kill(stalled.pid or 0, signal.SIGCONT)
        trial.finish([one, other])

    assert unharmed(trial.count())
