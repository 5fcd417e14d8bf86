import json

import pytest

from retrieval.errors import UnreadableDocument
from retrieval.loaders.faq import load_csv, load_jsonl


def test_every_row_of_a_csv_is_a_document() -> None:
    content = 'Id,Question,Answer\n1,How long?,"Five days.\nTen in winter."\n2,How much?,Free.\n'
    first, second = load_csv(content.encode(), "faq.csv")
    assert (first.source, first.title, first.text) == (
        "faq.csv#1",
        "How long?",
        "How long?\nFive days.\nTen in winter.",
    )
    assert second.source == "faq.csv#2"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_delimiters_and_chinese_columns_are_read(delimiter: str) -> None:
    content = f"问题{delimiter}答案\n退款要多久？{delimiter}五天。\n"
    (document,) = load_csv(content.encode("utf-8-sig"), "faq.csv")
    assert document.text == "退款要多久？\n五天。"


def test_json_lines_are_read_and_empty_answers_passed_over() -> None:
    rows = [{"question": "How long?", "answer": "Five days."}, {"question": "Why?", "answer": None}]
    content = "\n\n".join(json.dumps(row) for row in rows)
    assert [document.source for document in load_jsonl(content.encode(), "faq.jsonl")] == ["faq.jsonl#1"]


@pytest.mark.parametrize("content", [b'{"text": "no columns"}', b'["question"]', b'"question"'])
def test_rows_without_the_columns_are_refused_with_their_names(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="question and answer"):
        list(load_jsonl(content, "faq.jsonl"))


def test_a_csv_without_the_columns_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="question and answer"):
        list(load_csv(b"name,price\nPump,4000\n", "prices.csv"))
