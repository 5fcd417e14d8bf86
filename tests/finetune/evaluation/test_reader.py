import json

import numpy as np
import pytest

from finetune.errors import BadFile
from finetune.evaluation.reader import (
    BY_BOTH,
    BY_READER,
    BY_SEARCH,
    ReadCase,
    auc,
    read_cases,
    reader_results,
)
from finetune.evaluation.reader_calibration import calibrated
from finetune.evaluation.reader_cases import ReaderCase, reader_cases
from finetune.training.reader.questions import CandidatePassage, ReaderQuestion, candidate, distractor
from retrieval.reader.cross_encoder import Reading
from retrieval.reader.weights import Calibration
from tests.finetune.training.reader.sample import CHUNKS, DIALOGUE, ROW
from tests.retrieval.fakes import HashingEncoder

RIGHT = candidate("", "", "One.\nTwo.", [(0, 4)], True)
WRONG = distractor("", "", "Three.")


def read(relevance: float, answers: float = 0.0, *evidence: float) -> Reading:
    return Reading(relevance, answers, np.array(evidence, np.float32))


def case(
    *found: tuple[CandidatePassage, float, Reading], answerable: bool | None = True, language: str = "en"
) -> ReadCase:
    candidates, scores, readings = zip(*found, strict=True)
    question = ReaderQuestion("q", "manual", language, ("?",), candidates)
    return ReadCase(ReaderCase(question, scores, "c", answerable), readings)


MISSED = case((WRONG, 0.9, read(-2, -3, 0.1)), (RIGHT, 0.8, read(2, 3, 0.9, 0.2)))
NOTHING = case((WRONG, 0.85, read(0, -1, 0.6)), answerable=False, language="de")


def value(system: str, measure: str, part: str = "all", rank: float = 0.1) -> float | None:
    results = reader_results("set", [MISSED, NOTHING], Calibration(rank=rank))
    (found,) = (each for each in results if each.system == system and each.label["part"] == part)
    return found.value(measure)


def test_the_search_the_reader_and_both_are_ranked_apart() -> None:
    assert [value(system, "first") for system in (BY_SEARCH, BY_READER, BY_BOTH)] == [0, 1, 1]
    assert value(BY_BOTH, "first", rank=0.001) == 0
    assert [value(system, "reciprocal_rank") for system in (BY_SEARCH, BY_READER)] == [0.5, 1]
    assert value(BY_SEARCH, "recall_at_5") == 1


def test_whether_anything_answers() -> None:
    assert [value(system, "auc") for system in (BY_SEARCH, BY_READER)] == [1, 1]
    assert value(BY_BOTH, "abstention_f1") == 1
    assert value(BY_BOTH, "auc", "language de") is None


def test_evidence_is_counted_by_units_of_relevant_passages() -> None:
    assert value(BY_READER, "evidence_f1") == 1
    assert value(BY_SEARCH, "evidence_f1") is None


def test_what_is_known_in_part_counts_neither_way() -> None:
    unsure = case((RIGHT, 0.8, read(2, 3, 0.9, 0.2)), answerable=None)
    (result, *_) = reader_results("set", [unsure], Calibration())
    assert result.value("auc") is None
    assert result.value("abstention_f1") is None


def test_the_area_under_the_curve() -> None:
    assert auc([3, 2, 1], [True, False, True]) == 0.5
    assert auc([1, 1], [True, False]) == 0.5
    assert auc([1], [True]) is None


def test_a_calibration_suits_what_it_was_fitted_on() -> None:
    rng = np.random.default_rng(3)
    cases = []
    for number in range(60):
        answerable = number % 2 == 0
        logit = float(rng.normal(2 if answerable else -2))
        wrong, right = (WRONG, 0.6, read(-4, -5, 0.1)), (RIGHT, 0.5, read(4, logit, 0.4, 0.1))
        if answerable:
            cases.append(case(wrong, right))
        else:
            cases.append(case((WRONG, 0.6, read(-4, logit, 0.1)), answerable=False))
    fitted = calibrated([cases])
    assert fitted.rank >= 0.02
    assert 0.1 < fitted.evidence <= 0.4
    results = {
        each.system: each for each in reader_results("set", cases, fitted) if each.label["part"] == "all"
    }
    assert results[BY_BOTH].value("abstention_f1") > 0.9
    assert results[BY_BOTH].value("evidence_f1") == 1


def test_a_reader_that_is_mostly_wrong_has_no_say_in_whether_anything_answers() -> None:
    cases = [
        case((RIGHT if answerable else WRONG, found, read(0, answers, 0.5, 0.5)), answerable=answerable)
        for answerable, found, answers in ((True, 0.9, -1.0), (False, 0.2, 1.0), (True, 0.8, -2.0))
    ]
    fitted = calibrated([cases])
    assert fitted.answers == 0
    assert fitted.answered(0, 0.9) > fitted.answered(0, 0.2)


def test_cases_are_what_a_search_finds(tmp_path) -> None:
    files = [tmp_path / "dialogues.jsonl", tmp_path / "chunks.jsonl", tmp_path / "rows.jsonl"]
    for file, rows in zip(files, ([DIALOGUE], CHUNKS, [ROW]), strict=True):
        file.write_text("\n".join(map(json.dumps, rows)))
    sets = dict(reader_cases(files, HashingEncoder(), None))
    assert list(sets) == ["dialogues", "rows"]
    first, second = sets["dialogues"]
    assert [first.answerable, second.answerable] == [True, False]
    assert {each.passage.titles for each in first.question.candidates} == {"pump", "pump > night", "heat"}
    assert list(first.found) == sorted(first.found, reverse=True)
    assert [each.relevant for each in sets["rows"][0].question.candidates] == [True, False]


def test_readings_are_those_of_the_candidates() -> None:
    asked = ReaderCase(MISSED.case.question, (0.9, 0.8), "c", True)
    (found,) = read_cases(
        [asked], lambda question, passages: [read(len(passage.units)) for passage in passages]
    )
    assert [reading.relevance for reading in found.readings] == [1, 2]


def test_a_file_of_another_form_is_refused(tmp_path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BadFile):
        list(reader_cases([tmp_path / "text"], HashingEncoder(), None))
