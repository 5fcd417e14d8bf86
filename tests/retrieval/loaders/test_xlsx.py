from datetime import date
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from retrieval.documents import Document
from retrieval.loaders.xlsx import load_xlsx


@pytest.fixture
def workbook() -> Workbook:
    """One sheet, called Prices."""
    book = Workbook()
    book.active.title = "Prices"
    return book


def load(book: Workbook) -> list[Document]:
    content = BytesIO()
    book.save(content)
    return list(load_xlsx(content.getvalue(), "lists/price_list.xlsx"))


def test_the_table_below_a_title_is_read_with_its_heads(workbook: Workbook) -> None:
    sheet = workbook.active
    for row in (
        [None, "Prices of May"],
        [],
        [None, "Pump", None, "Since", "Price"],
        [None, "X-32", None, date(2024, 5, 1), 4000],
    ):
        sheet.append(row)
    sheet["E4"].number_format = '"$"#,##0.00'
    sheet.merge_cells("B1:E1")
    (document,) = load(workbook)
    assert document.title == "price list"
    assert document.text.splitlines() == [
        "Prices",
        "Prices of May",
        "Pump: X-32; Since: 2024-05-01; Price: $4,000.00",
    ]
    assert [heading.title for heading in document.headings] == ["Prices"]


def test_merged_cells_count_for_all_their_rows_and_columns(workbook: Workbook) -> None:
    sheet = workbook.active
    for row in (
        ["Town", "Opening hours", None],
        [None, "Weekdays", "Sundays"],
        ["Millbrook", "8:10", "closed"],
        [None, "9:15", "10:00"],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A3:A4")
    (document,) = load(workbook)
    assert document.text.splitlines()[1:] == [
        "Town: Millbrook; Opening hours, Weekdays: 8:10; Opening hours, Sundays: closed",
        "Town: Millbrook; Opening hours, Weekdays: 9:15; Opening hours, Sundays: 10:00",
    ]


def test_a_bold_row_with_one_cell_names_the_rows_below_it(workbook: Workbook) -> None:
    sheet = workbook.active
    for row in (["Drink", "Size", "Price"], ["Hot drinks"], ["Tea", "0.2 l", 2.5], ["Cocoa", "0.2 l", 3]):
        sheet.append(row)
    for cell in ("A1", "B1", "C1", "A2"):
        sheet[cell].font = Font(bold=True)
    (document,) = load(workbook)
    assert document.text.splitlines()[-1] == "Hot drinks; Drink: Cocoa; Size: 0.2 l; Price: 3"


def test_hidden_sheets_columns_and_rows_are_left_out_and_sheets_are_reported(workbook: Workbook) -> None:
    sheet = workbook.active
    for row in (["Pump", "Cost to us", "Price"], ["X-32", 1, 4], ["X-33", 2, 5]):
        sheet.append(row)
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[3].hidden = True
    secret = workbook.create_sheet("Margins")
    secret.append(["secret"])
    secret.sheet_state = "hidden"
    (document,) = load(workbook)
    assert document.text.splitlines() == ["Prices", "Pump: X-32; Price: 4"]
    assert document.notes == ("hidden sheets are left out: Margins",)


def test_formulas_without_a_result_are_reported(workbook: Workbook) -> None:
    for row in (["Pump", "Price"], ["X-32", 4], ["Total", "=SUM(B2:B2)"]):
        workbook.active.append(row)
    (document,) = load(workbook)
    assert any("1 formulas have no saved result" in note for note in document.notes)


def test_several_tables_and_blank_rows_keep_their_own_heads(workbook: Workbook) -> None:
    rows = (
        ["Pump", "Price", "Weight"],
        ["X-32", 4, 5],
        [],
        ["X-33", 5, 6],
        [],
        ["Valve", "Width", "Colour"],
        ["V-1", 20, "red"],
    )
    for row in rows:
        workbook.active.append(row)
    (document,) = load(workbook)
    assert document.text.splitlines()[1:] == [
        "Pump: X-32; Price: 4; Weight: 5",
        "Pump: X-33; Price: 5; Weight: 6",
        "Valve: V-1; Width: 20; Colour: red",
    ]


def test_a_list_of_questions_is_read_as_such(workbook: Workbook) -> None:
    for row in (
        ["Topic", "Frage", "Antwort"],
        ["a", "Wie lange?", "Fünf Tage."],
        ["b", "Was kostet es?", "Nichts."],
    ):
        workbook.active.append(row)
    first, second = load(workbook)
    assert (first.source, first.text) == ("lists/price_list.xlsx#1", "Wie lange?\nFünf Tage.")
    assert second.title == "Was kostet es?"


def test_a_cell_far_away_costs_nothing(workbook: Workbook) -> None:
    workbook.active.append(["Pump", "Price"])
    workbook.active.append(["X-32", 4])
    workbook.active.cell(1_048_000, 1, "the end")
    (document,) = load(workbook)
    assert document.text.splitlines()[-1].endswith("the end")


def test_links_keep_their_address(workbook: Workbook) -> None:
    workbook.active.append(["Pump", "Manual"])
    workbook.active.append(["X-32", "PDF"])
    workbook.active["B2"].hyperlink = "https://example.com/x32.pdf"
    (document,) = load(workbook)
    assert document.text.splitlines()[-1] == "Pump: X-32; Manual: PDF (https://example.com/x32.pdf)"
