"""The speed of a machine: really measured, kept, and not believed where the record is of another machine or damaged."""

import json
from dataclasses import replace

import pytest

from bot.machine.facts import GB, Machine
from bot.machine.speed import RECORD, SHAPES, Speed, keep_speeds, known_speeds, measure_speeds

MACHINE = Machine("EPYC", "x86_64", ("avx2",), cores=2, quota=None, memory=8 * GB)
SPEEDS = {name: Speed(40.5, 10.0) for name in SHAPES}


@pytest.mark.slow
def test_this_machine_can_be_measured_and_the_smaller_model_is_quicker():
    large, small = (measure_speeds()[name] for name in SHAPES)
    assert 0 < large.read < small.read
    assert 0 < large.write < small.write


def test_what_was_kept_is_known_again(tmp_path):
    keep_speeds(tmp_path, MACHINE, SPEEDS)
    assert known_speeds(tmp_path, MACHINE) == SPEEDS


def test_memory_may_change_without_a_new_measurement(tmp_path):
    keep_speeds(tmp_path, MACHINE, SPEEDS)
    assert known_speeds(tmp_path, replace(MACHINE, memory=2 * GB)) == SPEEDS


@pytest.mark.parametrize(
    "change", [{"cpu": "Xeon"}, {"cores": 4}, {"quota": 1.0}, {"features": ("avx2", "avx512f")}]
)
def test_another_processor_is_measured_again(tmp_path, change):
    keep_speeds(tmp_path, MACHINE, SPEEDS)
    assert known_speeds(tmp_path, replace(MACHINE, **change)) is None


def test_another_method_measures_again(tmp_path):
    keep_speeds(tmp_path, MACHINE, SPEEDS)
    record = json.loads((tmp_path / RECORD).read_text())
    record["machine"]["method"] = 0
    (tmp_path / RECORD).write_text(json.dumps(record))
    assert known_speeds(tmp_path, MACHINE) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"machine": 1}', '{"machine": {}, "speeds": {}}', "\udcff"]
)
def test_a_damaged_record_is_none(tmp_path, text):
    (tmp_path / RECORD).write_text(text, errors="surrogateescape")
    assert known_speeds(tmp_path, MACHINE) is None


@pytest.mark.parametrize("speeds", [{}, {"read": 1}, {"read": 1, "write": 1, "more": 1}, 3])
def test_a_record_with_other_speeds_is_none(tmp_path, speeds):
    keep_speeds(tmp_path, MACHINE, SPEEDS)
    record = json.loads((tmp_path / RECORD).read_text())
    record["speeds"][next(iter(SHAPES))] = speeds
    (tmp_path / RECORD).write_text(json.dumps(record))
    assert known_speeds(tmp_path, MACHINE) is None


def test_without_a_record_nothing_is_known(tmp_path):
    assert known_speeds(tmp_path, MACHINE) is None
