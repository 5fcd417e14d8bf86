import gzip
import json

import pytest

from finetune.errors import BadFile
from finetune.examples import GroundingExample, RewritingExample, read_examples

REWRITING = {
    "id": "canard:1",
    "source": "canard",
    "history": [{"role": "user", "text": "Tell me about the Wren."}],
    "question": "How heavy is it?",
    "rewrite": "How heavy is the Wren?",
    "persona": ["fields without a use are ignored"],
}
GROUNDING = {
    "id": "xquad:1",
    "language": "zh",
    "history": [],
    "question": "保修多久？",
    "passages": [{"id": "p1", "title": "保修", "text": "保修三年。"}],
    "answer": "三年",
    "answerable": True,
    "evidence": ["p1"],
}


def written(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_reads_plain_and_gzipped_files_alike(tmp_path):
    plain = written(tmp_path / "rows.jsonl", REWRITING, REWRITING)
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    rows = list(read_examples(plain, RewritingExample))
    assert len(rows) == 2
    assert rows == list(read_examples(tmp_path / "rows.jsonl.gz", RewritingExample))


def test_language_is_english_unless_the_row_says_otherwise(tmp_path):
    (rewriting,) = read_examples(written(tmp_path / "a.jsonl", REWRITING), RewritingExample)
    (grounding,) = read_examples(written(tmp_path / "b.jsonl", GROUNDING), GroundingExample)
    assert (rewriting.language, grounding.language) == ("en", "zh")


def test_accepts_further_references_as_strings_or_as_objects_with_an_answer(tmp_path):
    references = ["3 年", {"answer": "三年整", "answerable": True, "evidence": ["p1"]}]
    (row,) = read_examples(
        written(tmp_path / "a.jsonl", {**GROUNDING, "references": references}), GroundingExample
    )
    assert row.accepted == ("三年", "3 年", "三年整")


def test_answerable_is_true_false_or_partial(tmp_path):
    path = written(tmp_path / "a.jsonl", *({**GROUNDING, "answerable": v} for v in (True, False, "partial")))
    assert [row.answerable for row in read_examples(path, GroundingExample)] == [True, False, "partial"]


def test_the_limit_counts_rows_and_not_blank_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n" + "\n\n".join(json.dumps({**REWRITING, "id": str(i)}) for i in range(5)))
    assert [row.id for row in read_examples(path, RewritingExample, limit=2)] == ["0", "1"]


def test_rows_after_the_limit_are_not_even_looked_at(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(REWRITING) + "\n{broken")
    assert len(list(read_examples(path, RewritingExample, limit=1))) == 1


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({k: v for k, v in REWRITING.items() if k != "rewrite"}, "`rewrite`: Field required"),
        ({**REWRITING, "question": 7}, "`question`: Input should be a valid string"),
        ({**REWRITING, "history": [{"role": "system", "text": "x"}]}, "`history.0.role`"),
        (["not", "an", "object"], "Input should be an object"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_field(tmp_path, row, complaint):
    path = written(tmp_path / "a.jsonl", REWRITING, row)
    with pytest.raises(BadFile) as raised:
        list(read_examples(path, RewritingExample))
    assert raised.value.line == 2
    assert complaint in str(raised.value)
    assert "docs/evaluation.md" in str(raised.value)


def test_a_missing_a_binary_and_a_cut_off_file_say_so(tmp_path):
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    whole = gzip.compress(json.dumps(REWRITING).encode() * 100)
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "plain.jsonl.gz").write_text("{}")
    for name in ("missing.jsonl", "binary.jsonl", "cut.jsonl.gz", "plain.jsonl.gz"):
        with pytest.raises(BadFile, match=name):
            list(read_examples(tmp_path / name, RewritingExample))
