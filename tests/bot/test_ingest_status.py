"""How far an ingest is, told in numbers and words."""

from bot.ingest_status import IngestMonitor, IngestStatus, searched_by
from retrieval.snapshots import Manifest


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_is_that_of_the_stage():
    clock, heard = Clock(), []
    monitor = IngestMonitor(lambda *step: heard.append(step), clock)
    monitor("read", 1, 2)
    clock.now += 50
    monitor("embed", 100, 1100)
    assert monitor.status == IngestStatus("embed", 100, 1100, None)
    clock.now += 10
    monitor("embed", 600, 1100)
    assert monitor.status == IngestStatus("embed", 600, 1100, 10.0)
    assert monitor.status.words == "600 of 1100 chunks embedded, about 10 s left"
    assert heard == [("read", 1, 2), ("embed", 100, 1100), ("embed", 600, 1100)]
    monitor.end()
    assert monitor.status.words == ""


def test_the_second_encoder_is_named():
    monitor = IngestMonitor()
    monitor("embed 2", 1, 9)
    assert monitor.status.words == "1 of 9 chunks embedded by encoder 2"


def test_a_snapshot_says_what_finds_its_chunks():
    def manifest(stage: int) -> Manifest:
        return Manifest(2, "id", "encoder", "chunking", 1, 1, {}, stage, 2)

    assert searched_by(manifest(0)) == "new chunks are found by keywords alone"
    assert searched_by(manifest(1)) == "compared by 1 of 2 encoders"
    assert searched_by(manifest(2)) == ""
