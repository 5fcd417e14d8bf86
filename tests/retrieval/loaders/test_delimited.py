import json
from pathlib import Path

import pytest

from retrieval.chunking import Chunking
from retrieval.documents import Document
from retrieval.errors import UnreadableDocument
from retrieval.loaders.delimited import load_csv, load_jsonl
from retrieval.loaders.detection import load_file
from retrieval.loaders.sheets import MOST_ROWS

FILES = Path(__file__).parent / "files"


def csv(content: str, encoding: str = "utf-8") -> list[Document]:
    return list(load_csv(content.encode(encoding), "file.csv"))


def test_every_row_of_a_list_of_questions_is_a_document() -> None:
    first, second = csv('Id,Question,Answer\n1,How long?,"Five days.\nTen in winter."\n2,How much?,Free.\n')
    assert (first.source, first.title, first.text) == (
        "file.csv#1",
        "How long?",
        "How long?\nFive days.\nTen in winter.",
    )
    assert second.source == "file.csv#2"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_other_delimiters_and_chinese_columns_are_read(delimiter: str) -> None:
    (document,) = csv(f"问题{delimiter}答案\n退款要多久？{delimiter}五天。\n", "utf-8-sig")
    assert document.text == "退款要多久？\n五天。"


def test_a_table_that_is_no_list_of_questions_is_a_table() -> None:
    (document,) = csv('name,price\nPump,4000\nValve,"1,200"\n')
    assert document.text == "name: Pump; price: 4000\nname: Valve; price: 1,200"
    assert document.title == "file"


def test_a_semicolon_separates_where_commas_are_decimal() -> None:
    (document,) = csv("Artikel;Preis\nPumpe;3,50\nVentil;4,20\n")
    assert document.text == "Artikel: Pumpe; Preis: 3,50\nArtikel: Ventil; Preis: 4,20"


@pytest.mark.parametrize("ending", ["\r", "\r\n", "\n"])
def test_any_line_ending_ends_a_row(ending: str) -> None:
    (document,) = csv(ending.join(["name,price", "Pump,4", '"a\nb",5']))
    assert document.text == "name: Pump; price: 4\nname: a b; price: 5"


def test_what_stands_above_and_below_a_table_is_text() -> None:
    (document,) = csv(
        "Prices of May,,\n,,\nPump,Weight,Price\nX-32,120,4\nX-33,363,5\nAll prices are without VAT.,,\n"
    )
    assert document.text.splitlines() == [
        "Prices of May",
        "Pump: X-32; Weight: 120; Price: 4",
        "Pump: X-33; Weight: 363; Price: 5",
        "All prices are without VAT.",
    ]


def test_a_number_that_no_person_wrote_is_shortened() -> None:
    (document,) = csv("name,price\nPump,1.54166666666667\nValve,2.5\n")
    assert document.text == "name: Pump; price: 1.54167\nname: Valve; price: 2.5"


def test_too_many_rows_are_refused_with_the_remedy() -> None:
    with pytest.raises(UnreadableDocument, match="split it"):
        csv("name,price\n" + "Pump,4\n" * (MOST_ROWS + 1))


def test_the_line_that_names_the_delimiter_is_no_row() -> None:
    (document,) = load_csv((FILES / "c01-sep-line.csv").read_bytes(), "c01.csv")
    assert document.text == "How heavy is the Tern kite?\nThe Tern kite weighs 640 g."


def test_windows_characters_are_read() -> None:
    (document,) = load_csv((FILES / "c04-cp1252.csv").read_bytes(), "c04.csv")
    assert document.text.splitlines()[-1] == "Der Bär-Kocher kostet 49 €."


def test_json_lines_are_read_and_empty_answers_passed_over() -> None:
    rows = [{"question": "How long?", "answer": "Five days."}, {"question": "Why?", "answer": None}]
    content = "\n\n".join(json.dumps(row) for row in rows)
    assert [document.source for document in load_jsonl(content.encode(), "faq.jsonl")] == ["faq.jsonl#1"]


def test_a_separator_within_a_string_ends_no_line() -> None:
    first, second = load_jsonl((FILES / "j01-u2028.jsonl").read_bytes(), "j01.jsonl")
    assert "14 knots" in first.text
    assert "7.3 m" in second.text


def test_other_objects_are_a_table() -> None:
    content = b'{"name": "Pump", "price": 4, "in": ["kg"]}\n{"name": "Valve", "colour": "red"}'
    (document,) = load_jsonl(content, "parts.jsonl")
    assert document.text == 'name: Pump; price: 4; in: ["kg"]\nname: Valve; colour: red'


@pytest.mark.parametrize("content", [b'["question"]', b'"question"', b"1"])
def test_lines_that_are_no_objects_are_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="JSON object"):
        list(load_jsonl(content, "faq.jsonl"))


def test_each_chunk_of_a_long_table_names_the_columns() -> None:
    rows = "\n".join(f"X-{n},{n * 11} kg,{n} years" for n in range(80))
    (document,) = csv(f"Motor,Weight,Warranty\n{rows}\n")
    chunks = [chunk.text for chunk in Chunking().chunks(document)]
    assert len(chunks) > 5
    assert all("Motor: X-" in text and "Weight: " in text and "Warranty: " in text for text in chunks)
    assert any("Motor: X-33; Weight: 363 kg; Warranty: 33 years" in text for text in chunks)


def test_columns_of_a_list_of_questions_can_be_chosen() -> None:
    content = b"id,Symptom,What to do\n1,No light,Change the fuse.\n2,Smoke,Pull the plug.\n"
    documents = list(load_file(content, "help.csv", [("Symptom", "What to do")]))
    assert [(one.title, one.text) for one in documents] == [
        ("No light", "No light\nChange the fuse."),
        ("Smoke", "Smoke\nPull the plug."),
    ]
    (table,) = load_file(content, "help.csv")
    assert table.text.splitlines()[0] == "id: 1; Symptom: No light; What to do: Change the fuse."


def test_cells_in_bold_lose_their_marks() -> None:
    (document,) = csv("Version,Date\n**v1.1**,2020-01-02\nv1.0,2019-05-06\n")
    assert document.text.splitlines()[0] == "Version: v1.1; Date: 2020-01-02"
