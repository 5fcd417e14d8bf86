"""Files beside the log: recognised by their first row, taken as they are, refused with the row that is wrong."""

import gzip
import json
from pathlib import Path

import pytest

from finetune.datasets.importing import example_type, import_records, read_imported
from finetune.errors import BadFile
from finetune.examples import (
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
)

ASKED = {"id": "set:7:1", "history": [], "question": "What voltage?"}
PASSAGE = {"id": "p1", "text": "It takes 230 volts."}
ROWS = {
    RewritingExample: ASKED | {"rewrite": "What voltage does it take?", "source": "set"},
    GroundingExample: ASKED
    | {
        "passages": [PASSAGE],
        "answer": "230 volts.",
        "answerable": True,
        "evidence": ["p1"],
        "label": "FACT",
    },
    PreferenceExample: ASKED | {"passages": [PASSAGE], "rejected": "12 volts.", "chosen": "230 volts."},
    RatedExample: ASKED | {"passages": [PASSAGE], "answer": "230 volts.", "welcome": True},
    RetrievalExample: {"id": "set:7:1", "query": "What voltage?", "positive": PASSAGE},
}


def written(path: Path, *rows: object) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("form", ROWS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_a_form_is_known_by_its_first_row(tmp_path, form, name):
    path = written(tmp_path / name, ROWS[form], ROWS[form])
    assert example_type(path) is form
    assert list(read_imported(path)) == [form.model_validate(ROWS[form])] * 2


def test_what_is_no_example_is_refused_with_its_fields(tmp_path):
    with pytest.raises(BadFile, match=r"line 1: is in no form of examples \(its fields: intent, text\)"):
        example_type(written(tmp_path / "intents.jsonl", {"text": "hello", "intent": "greet"}))


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(BadFile, match="is empty"):
        example_type(written(tmp_path / "none.jsonl"))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[1, 2]\n", b"no json\n"])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"rows\.jsonl"):
        example_type(path)


def test_a_later_row_of_another_form_is_refused_with_its_number(tmp_path):
    path = written(tmp_path / "rows.jsonl", ROWS[RewritingExample], {"id": "x", "question": "What?"})
    with pytest.raises(BadFile, match="line 2: `history`"):
        list(read_imported(path))


@pytest.fixture
def searches(tmp_path: Path) -> Path:
    folder = tmp_path / "faq"
    folder.mkdir()
    written(
        folder / "corpus.jsonl.gz", *({"_id": f"p{n}", "title": "T", "text": f"Text {n}."} for n in (1, 2, 3))
    )
    follow_up = {
        "_id": "q1",
        "conversation_id": "set:c1",
        "question": "And that?",
        "rewrite": "What is that?",
    }
    written(folder / "queries.jsonl", follow_up, {"_id": "q2", "question": "What is this?"})
    judged = "query-id\tcorpus-id\tscore\nq1\tp2\t1\nq1\tp1\t2\nq2\tp3\t1\nq2\tp1\t0\n"
    (folder / "qrels.tsv").write_text(judged, encoding="utf-8")
    return folder


def test_a_folder_in_beir_form_gives_its_relevant_pairs(searches):
    told = [
        (e.id, e.query, e.positive.id) for e in read_imported(searches) if isinstance(e, RetrievalExample)
    ]
    assert told == [
        ("faq:c1:q1:p1", "What is that?", "p1"),
        ("faq:c1:q1:p2", "What is that?", "p2"),
        ("faq:q2:q2:p3", "What is this?", "p3"),
    ]


def test_a_judged_passage_that_is_not_in_the_corpus_is_named(searches):
    with (searches / "qrels.tsv").open("a", encoding="utf-8") as judged:
        judged.write("q2\tp9\t1\n")
    with pytest.raises(BadFile, match="'p9'"):
        list(read_imported(searches))


def test_every_file_is_recorded_with_its_hash(searches, tmp_path):
    names = [record.name for record in import_records(searches, 3)]
    assert names == ["faq/corpus.jsonl.gz", "faq/qrels.tsv", "faq/queries.jsonl"]
    path = written(tmp_path / "rows.jsonl", ROWS[RatedExample])
    (record,) = import_records(path, 1)
    assert (len(record.sha256), record.rows) == (64, 1)
