from io import BytesIO

import docx

from retrieval.loaders.docx import load_docx


def test_headings_lists_and_tables_are_read_in_their_order() -> None:
    word = docx.Document()
    word.core_properties.title = "Returns handbook"
    word.add_heading("Returns", 1)
    word.add_paragraph("Within thirty days.")
    word.add_paragraph("Keep the box.", style="List Bullet")
    table = word.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("Method", "Days"), ("Card", "5")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    word.add_heading("退款", 2)
    content = BytesIO()
    word.save(content)

    (document,) = load_docx(content.getvalue(), "returns.docx")

    assert document.title == "Returns handbook"
    assert document.text.splitlines() == [
        "Returns",
        "Within thirty days.",
        "- Keep the box.",
        "Method | Days",
        "Card | 5",
        "退款",
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Returns"), (2, "退款")]
