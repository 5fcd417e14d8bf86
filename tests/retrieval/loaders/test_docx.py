from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
from docx.document import Document as Word
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from retrieval.documents import Document
from retrieval.loaders.docx import load_docx

FILES = Path(__file__).parent / "files"
MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def load(word: Word) -> Document:
    content = BytesIO()
    word.save(content)
    (document,) = load_docx(content.getvalue(), "returns.docx")
    return document


def lines(write: Callable[[Word], object]) -> list[str]:
    word = docx.Document()
    write(word)
    return load(word).text.splitlines()


def add(xml: str) -> Callable[[Word], object]:
    """Writes a piece of the body as it stands in a file."""
    return lambda word: word.element.body.insert(
        0, parse_xml(xml.replace(">", f" {nsdecls('w')} {MATH}>", 1))
    )


def fill(word: Word, rows: list[list[str]]) -> object:
    table = word.add_table(rows=len(rows), cols=len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return table


def test_headings_lists_and_tables_are_read_in_their_order() -> None:
    word = docx.Document()
    word.core_properties.title = "Returns handbook"
    word.add_heading("Returns", 1)
    word.add_paragraph("Within thirty days.")
    word.add_paragraph("Keep the box.", style="List Bullet")
    fill(word, [["Method", "Days"], ["Card", "5"]])
    word.add_heading("退款", 2)
    document = load(word)
    assert document.title == "Returns handbook"
    assert document.text.splitlines() == [
        "Returns",
        "Within thirty days.",
        "- Keep the box.",
        "Method: Card; Days: 5",
        "退款",
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Returns"), (2, "退款")]


def test_numbered_steps_keep_their_numbers() -> None:
    def write(word: Word) -> None:
        for step in ("Open the lid.", "Take out the filter."):
            word.add_paragraph(step, style="List Number")

    assert lines(write) == ["1. Open the lid.", "2. Take out the filter."]


def test_equal_cells_and_blank_cells_keep_their_columns() -> None:
    (document,) = load_docx((FILES / "d01-equal-cells.docx").read_bytes(), "d01.docx")
    assert "Plan: Fern; Visits a week: 3; Guests a month: 3; Price a month: 19 euros" in document.text
    assert document.text.endswith("Plan: Reed; Guests a month: 4")


def test_the_text_in_a_box_is_read_once() -> None:
    (document,) = load_docx((FILES / "d03-textbox.docx").read_bytes(), "d03.docx")
    assert document.text.count("at most 12 minutes without a pause") == 1


def test_tracked_changes_count_as_accepted() -> None:
    (document,) = load_docx((FILES / "d04-tracked.docx").read_bytes(), "d04.docx")
    assert "The deposit for a rental boat is 140 euros and is paid in cash." in document.text
    assert "late fee of 25 euros" in document.text
    assert "80 euros" not in document.text


def test_what_stands_in_content_controls_is_read_but_a_table_of_contents() -> None:
    text = "<w:p><w:r><w:t>Chosen.</w:t></w:r></w:p>"
    control = f"<w:sdt><w:sdtPr>{{}}</w:sdtPr><w:sdtContent>{text}</w:sdtContent></w:sdt>"
    contents = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    assert lines(add(control.format(""))) == ["Chosen."]
    assert lines(add(control.format(contents))) == []


def test_an_equation_is_a_line() -> None:
    half = "<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    square = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    assert lines(add(f"<w:p><m:oMath>{square}<m:r><m:t>=</m:t></m:r>{half}</m:oMath></w:p>")) == [
        "x^2=(a+b)/2"
    ]


def test_hidden_text_is_not_read_and_symbols_are_marks() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
    mark = '<w:r><w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr><w:t>û</w:t></w:r>'
    assert lines(add(f"<w:p>{hidden}{mark}</w:p>")) == ["✗"]


def test_page_headers_are_read_once() -> None:
    def write(word: Word) -> None:
        word.sections[0].header.paragraphs[0].text = "Valid from May 2026"
        word.sections[0].footer.paragraphs[0].text = "Page 3"
        word.add_paragraph("Refunds take five days.")
        word.add_section()
        word.sections[1].header.is_linked_to_previous = False
        word.sections[1].header.paragraphs[0].text = "Valid from May 2026"

    assert lines(write) == ["Valid from May 2026", "Refunds take five days."]


def test_headings_in_bold_letters_count_where_there_are_no_others() -> None:
    def write(word: Word) -> None:
        for title in ("Postage", "Refunds"):
            word.add_paragraph().add_run(title).bold = True
            word.add_paragraph("It says more about that here.")
            word.add_paragraph("And here.")

    word = docx.Document()
    write(word)
    assert [heading.title for heading in load(word).headings] == ["Postage", "Refunds"]


def test_merged_cells_count_for_all_their_rows() -> None:
    def write(word: Word) -> None:
        table = fill(word, [["Town", "Day", "Time"], ["Millbrook", "Monday", "9:15"], ["", "Sunday", "8:10"]])
        table.cell(1, 0).merge(table.cell(2, 0))

    assert lines(write)[-1] == "Town: Millbrook; Day: Sunday; Time: 8:10"


def test_a_table_that_only_places_text_is_read_as_text() -> None:
    def write(word: Word) -> None:
        table = fill(word, [["a", "b"], ["c", "d"]])
        table.cell(1, 0).add_paragraph("Returns", style="Heading 1")
        table.cell(1, 0).add_paragraph("Within thirty days.")

    assert lines(write) == ["a", "b", "c", "Returns", "Within thirty days.", "d"]


def test_links_keep_their_address_whichever_way_they_are_written() -> None:
    word = docx.Document()
    id = word.part.relate_to("https://example.com/prices", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    paragraph = (
        f'<w:p {nsdecls("w", "r")}><w:r><w:t xml:space="preserve">See the </w:t></w:r>'
        f'<w:hyperlink r:id="{id}"><w:r><w:t>price</w:t></w:r><w:r><w:t xml:space="preserve"> list</w:t></w:r>'
        "</w:hyperlink><w:r><w:t>.</w:t></w:r></w:p>"
    )
    field = (
        f'<w:p {nsdecls("w")}><w:r><w:t xml:space="preserve">Write to </w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> HYPERLINK "mailto:help@example.com" </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>us</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve"> on page </w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGEREF x </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>3</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    for n, xml in enumerate((paragraph, field)):
        word.element.body.insert(n, parse_xml(xml))
    assert load(word).text.splitlines() == [
        "See the price list (https://example.com/prices).",
        "Write to us (help@example.com) on page 3",
    ]


def test_a_field_that_goes_on_in_the_next_paragraph_leaves_no_code() -> None:
    word = docx.Document()
    begin = (
        f'<w:p {nsdecls("w")}><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        "<w:r><w:instrText>INDEX \\c 2</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>Alarm, 3</w:t></w:r></w:p>'
    )
    end = (
        f'<w:p {nsdecls("w")}><w:r><w:t>Brake, 4</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    for n, xml in enumerate((begin, end)):
        word.element.body.insert(n, parse_xml(xml))
    assert load(word).text.splitlines() == ["Alarm, 3", "Brake, 4"]
