import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from finetune.errors import BadFile, NothingToLearn
from finetune.training.reader.material import Stream, dialogue_questions, read_parts
from finetune.training.reader.options import ReaderShares
from finetune.training.reader.passage_rows import question_of_row
from finetune.training.reader.questions import CandidatePassage, marked_units
from tests.finetune.training.reader.sample import CHUNKS, DIALOGUE, ROW


def marks(
    candidates: tuple[CandidatePassage, ...],
) -> list[tuple[bool, bool | None, tuple[bool, ...] | None]]:
    return [(each.relevant, each.answers, each.evidence) for each in candidates]


def test_a_turn_has_its_evidence_what_it_names_as_near_and_finds() -> None:
    first, second = dialogue_questions([DIALOGUE], CHUNKS)
    assert [each.passage.titles for each in first.candidates] == ["pump", "pump > night", "heat"]
    assert marks(first.candidates) == [
        (True, True, (False, True, True)),
        (False, False, (False, False)),
        (False, False, (False,)),
    ]
    assert not any(each.relevant for each in second.candidates)


def test_a_follow_up_is_asked_as_rewritten_and_below_what_was_asked_before() -> None:
    first, second = dialogue_questions([DIALOGUE], CHUNKS)
    assert first.wordings == ("heat at night?",)
    assert second.wordings == ("is heat quiet?", "heat at night? quiet?")


def test_the_units_in_which_spans_lie_are_evidence() -> None:
    question = question_of_row(ROW)
    assert marks(question.candidates) == [(False, False, (False,)), (True, True, (True, False))]


def test_marked_sentences_count_more_than_spans() -> None:
    question = question_of_row({**ROW, "sentences": [[1, 12, 17]]})
    assert question.candidates[1].evidence == (False, True)


def test_without_spans_evidence_is_where_the_answer_stands() -> None:
    row = {key: value for key, value in ROW.items() if key != "spans"}
    assert question_of_row(row).candidates[1].evidence == (True, False)


def test_where_the_evidence_is_unknown_it_is_not_guessed() -> None:
    question = question_of_row({**ROW, "spans": [], "answer": "Yes"})
    assert question.candidates[1].evidence is None


def test_of_a_row_without_an_answer_no_passage_is_relevant() -> None:
    question = question_of_row({**ROW, "answerable": False})
    assert marks(question.candidates) == [(False, False, (False,)), (False, False, (False, False))]


def test_a_span_over_two_units_marks_both() -> None:
    assert marked_units("One. Two. Three.", [(2, 7)]) == (True, True, False)


def write(path: Path, *rows: Mapping[str, Any]) -> Path:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return path


def test_a_step_is_drawn_from_all_files_and_always_alike(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "dialogues.jsonl.gz", DIALOGUE),
        write(tmp_path / "chunks.jsonl.gz", *CHUNKS),
        write(tmp_path / "rows.jsonl.gz", ROW, {**ROW, "id": "set:doc:1-na"}),
    ]
    stream = Stream(read_parts(files, ReaderShares(2, 1)), most=2)
    first = stream.questions(0)
    assert {question.id for question in first} == {"d:0", "d:1", "set:doc:1"}
    assert all(len(question.candidates) == 2 and len(question.wordings) == 1 for question in first)
    assert Stream(read_parts(files, ReaderShares(2, 1)), most=2).questions(0) == first


def test_files_without_questions_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn):
        read_parts([write(tmp_path / "chunks.jsonl.gz", *CHUNKS)], ReaderShares())
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BadFile):
        read_parts([tmp_path / "text"], ReaderShares())
