from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter

from retrieval.errors import UnreadableDocument
from retrieval.loaders.pdf import load_pdf


def pdf(*lines: str) -> bytes:
    """A page that shows each line below the last."""
    shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
    stream = f"BT /F1 12 Tf 50 700 Td {shown}ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Font << /F1 5 0 R >> >>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 7\n0000000000 65535 f \n{table}trailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return (body + end).encode("latin-1")


def test_lines_of_a_paragraph_are_joined_and_words_made_whole() -> None:
    content = pdf(
        "Refunds", "We pay you back with-", "in five days, and we", "send a letter.", "Postage is free."
    )
    (document,) = load_pdf(content, "returns.pdf")
    assert document.text.splitlines() == [
        "Refunds",
        "We pay you back within five days, and we send a letter.",
        "Postage is free.",
    ]


def test_a_file_of_pictures_is_refused_with_the_remedy() -> None:
    with pytest.raises(UnreadableDocument, match="text recognition"):
        list(load_pdf(pdf(), "scan.pdf"))


def test_a_locked_file_is_refused_with_the_remedy() -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf("Refunds"))))
    writer.encrypt("secret", algorithm="RC4-128")
    content = BytesIO()
    writer.write(content)
    with pytest.raises(UnreadableDocument, match="password"):
        list(load_pdf(content.getvalue(), "locked.pdf"))


def test_the_title_is_the_one_in_its_properties() -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf("Refunds"))))
    writer.add_metadata({"/Title": "Returns handbook"})
    content = BytesIO()
    writer.write(content)
    (document,) = load_pdf(content.getvalue(), "returns.pdf")
    assert document.title == "Returns handbook"
