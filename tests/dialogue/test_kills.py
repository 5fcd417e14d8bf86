"""Processes may be killed at any moment, and several may serve the same people (I1 to I5)."""

import os
import signal
from pathlib import Path

import pytest

from tests.dialogue.crash_harness import KillTrial
from tests.dialogue.crash_process import COUNTED, LEASE

pytestmark = pytest.mark.slow


@pytest.fixture
def trial(store_url: str, tmp_path: Path) -> KillTrial:
    return KillTrial(store_url, tmp_path / "delivered.txt")


def test_killed_again_and_again(trial: KillTrial) -> None:
    counts = trial.run(kills=6)

    assert counts.asked >= COUNTED * len(trial.people)
    assert counts.counted > 0
    assert counts.harm == {}


def test_two_processes_serve_the_same_conversations(trial: KillTrial) -> None:
    with trial.process() as (_, one), trial.process() as (_, other):
        trial.talk([one, other], seconds=2)
        trial.finish([one, other])

    counts = trial.count()
    assert counts.asked >= COUNTED * len(trial.people)
    assert counts.counted > 0
    assert counts.harm == {}
    assert counts.resent == 0


def test_a_process_that_stalls_past_its_lease_does_no_harm(trial: KillTrial) -> None:
    with trial.process() as (stalled, one), trial.process() as (_, other):
        for _ in range(3):
            trial.talk([one, other], seconds=0.3)
            os.kill(stalled.pid or 0, signal.SIGSTOP)
            trial.talk([other], seconds=2 * LEASE)
            os.kill(stalled.pid or 0, signal.SIGCONT)
        trial.finish([one, other])

    counts = trial.count()
    assert counts.asked >= COUNTED * len(trial.people)
    assert counts.counted > 0
    assert counts.harm == {}
