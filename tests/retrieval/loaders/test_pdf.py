import shutil
from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from pypdf import PdfReader, PdfWriter

from retrieval.chunking import Chunking
from retrieval.documents import Document
from retrieval.errors import UnreadableDocument
from retrieval.loaders import pdf_ocr
from retrieval.loaders.pdf import load_pdf
from tests.retrieval.loaders.pdf_files import Text, paragraph, pdf

FILES = Path(__file__).parent / "files"
PROSE = (
    "The otter is sent in a wooden box that you keep for the way back, as it is lent and not sold,",
    "and whoever keeps the box pays a deposit of 15 euros until it is there again in one piece.",
)


def read(content: bytes, source: str = "guides/otter_manual.pdf") -> Document:
    (document,) = load_pdf(content, source)
    return document


def lines(content: bytes) -> list[str]:
    return read(content).text.splitlines()


def with_title(content: bytes, title: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    writer.add_metadata({"/Title": title})
    changed = BytesIO()
    writer.write(changed)
    return changed.getvalue()


def test_lines_of_a_paragraph_are_joined_and_words_made_whole() -> None:
    text = (
        "We pay you back with the same card that you have paid with, or by a bank trans-",
        "fer if the card is no longer valid. It takes five working days at most from the day",
        "on which it arrives.",
    )
    assert lines(pdf([paragraph(*text)])) == [
        "We pay you back with the same card that you have paid with, or by a bank transfer if the card is no "
        "longer valid. It takes five working days at most from the day on which it arrives."
    ]


def test_headings_are_known_by_their_size_and_by_bookmarks() -> None:
    page = [
        Text("Otter manual", 50, 800, 24),
        Text("Sending it back", 50, 760, 16),
        *paragraph(*PROSE, top=730),
        Text("Deposits", 50, 690),
        *paragraph("One box at a time.", top=670),
    ]
    document = read(pdf([page], bookmarks=[("Deposits", 0)]))
    assert document.title == "Otter manual"
    assert [heading.title for heading in document.headings] == ["Otter manual", "Sending it back", "Deposits"]
    assert document.headings[2].level == 1


def test_a_sentence_in_large_type_is_no_heading() -> None:
    warning = "More than 35 V on this plug can damage the box!"
    begun = "In 2006, the otter was the box that most people sent back:"
    page = [
        Text("Sending it back", 50, 760, 16),
        Text(warning, 50, 730, 16),
        *paragraph(*PROSE, top=700),
        Text(begun, 50, 640, 16),
        *paragraph("it was too small for many of them.", top=622),
    ]
    document = read(pdf([page]))
    assert [heading.title for heading in document.headings] == ["Sending it back"]
    assert warning in document.text
    assert begun in document.text


def test_a_page_is_cited_by_its_number() -> None:
    document = read(pdf([paragraph("First page, about boxes."), paragraph("Second page, about deposits.")]))
    found = {chunk.text: chunk.page for chunk in Chunking(budget=8, least=0).chunks(document)}
    assert found == {"First page, about boxes.": 1, "Second page, about deposits.": 2}


def test_running_heads_and_page_numbers_are_no_text() -> None:
    pages = [
        [
            Text("Otter manual, edition 3", 50, 810, 9),
            *paragraph(
                f"What page {word} says.",
                "Another line of its own.",
                "A third one.",
                "A fourth one.",
                top=700,
            ),
            Text(f"Page {n} of 4", 280, 30, 9),
        ]
        for n, word in enumerate(("one", "two", "three", "four"), 1)
    ]
    text = read(pdf(pages)).text
    assert "edition" not in text and "of 4" not in text
    assert text.count("says.") == 4


def test_the_contents_are_no_text() -> None:
    entries = [
        f"{n} {name} {'. ' * 30} {n * 3}"
        for n, name in enumerate(("Boxes", "Deposits", "Returns", "Addresses"), 1)
    ]
    page = [Text("Contents", 50, 800, 16), *paragraph(*entries, top=760)]
    assert lines(pdf([page, paragraph(*PROSE)])) == [" ".join(PROSE)]


def test_a_price_list_with_dots_is_text() -> None:
    assert lines(pdf([paragraph("Coffee . . . . . . . . . . . . 2.50 euros")])) == ["Coffee: 2.50 euros"]


def test_a_ruled_table_names_its_columns() -> None:
    rules = "".join(f"50 {y} m 350 {y} l S\n" for y in (700, 680, 660, 640))
    rules += "".join(f"{x} 640 m {x} 700 l S\n" for x in (50, 150, 250, 350))
    cells = (("Model", "Weight", "Colour"), ("X-33", "363 kg", "red"), ("X-34", "410 kg", "blue"))
    page = [
        Text(cell, 55 + 100 * c, 686 - 20 * r) for r, row in enumerate(cells) for c, cell in enumerate(row)
    ]
    found = lines(pdf([[*page, *paragraph(*PROSE, top=600)]], drawn=rules))
    assert found[:2] == [
        "Model: X-33; Weight: 363 kg; Colour: red",
        "Model: X-34; Weight: 410 kg; Colour: blue",
    ]
    assert found[2] == " ".join(PROSE)


def test_words_cut_in_a_cell_are_made_whole() -> None:
    rules = "".join(f"50 {y} m 250 {y} l S\n" for y in (700, 680, 650, 620))
    rules += "".join(f"{x} 620 m {x} 700 l S\n" for x in (50, 150, 250))
    page = [
        Text("Model", 55, 686),
        Text("Use", 155, 686),
        Text("X-33", 55, 666),
        Text("for trans-", 155, 668),
    ]
    page += [
        Text("port", 155, 655),
        Text("X-34", 55, 636),
        Text("pre- and", 155, 638),
        Text("post-sales", 155, 625),
    ]
    assert lines(pdf([page], drawn=rules)) == [
        "Model: X-33; Use: for transport",
        "Model: X-34; Use: pre- and post-sales",
    ]


def test_a_table_without_lines_names_its_columns() -> None:
    cells = (
        ("Model", "Weight", "Colour"),
        ("X-33", "363 kg", "red"),
        ("X-34", "410 kg", "blue"),
        ("X-35", "90 kg", ""),
    )
    page = [
        Text(cell, 55 + 120 * c, 700 - 15 * r)
        for r, row in enumerate(cells)
        for c, cell in enumerate(row)
        if cell
    ]
    assert "Model: X-34; Weight: 410 kg; Colour: blue" in lines(pdf([page]))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "p01-two-columns.pdf",
            [
                "The garden committee looked at the water bill of last year and decided to buy two tanks.",
                "Keys of the tool shed are lent for a deposit of 15 euros by the caretaker of the colony.",
            ],
        ),
        ("p03-plain.pdf", ["The Marten sledge carries at most 160 kg on packed snow."]),
        ("p04-owner-aes256.pdf", ["The Marten sledge carries at most 160 kg on packed snow."]),
        ("p08-mostly-scanned.pdf", ["Page one: the Stoat tent sleeps three people."]),
    ],
)
def test_files_that_went_wrong(file: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_ocr.shutil, "which", lambda name: None)
    document = read((FILES / file).read_bytes(), file)
    assert document.text.splitlines() == expected
    assert document.notes == (("2 of 3 pages have no text",) if "scanned" in file else ())
    assert document.title == file[:-4].replace("-", " ")


def test_a_file_of_pictures_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_ocr.shutil, "which", lambda name: None)
    with pytest.raises(UnreadableDocument, match=r"text recognition.*groundtalk\[ocr\]"):
        read(pdf([[]]))


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="install tesseract (Debian, Ubuntu: apt install tesseract-ocr)"
)
def test_the_picture_of_a_page_is_read_by_text_recognition() -> None:
    written = paragraph("The Stoat tent sleeps three people", "and weighs 4.2 kg with its poles.", size=16)
    document = read(with_picture_of(pdf([written]), pdf([paragraph("Page one is text.")])), "tent.pdf")
    assert document.text.splitlines() == [
        "Page one is text.",
        "The Stoat tent sleeps three people and weighs 4.2 kg with its poles.",
    ]
    assert document.page_at(document.text.index("Stoat")) == 2
    assert document.notes == ()


def with_picture_of(page: bytes, file: bytes) -> bytes:
    """`file` with one more page, on which there is nothing but a picture of `page`."""
    picture = pdfium.PdfDocument(page)[0].render(scale=3)
    document = pdfium.PdfDocument(file)
    sheet = document.new_page(595, 842)
    image = pdfium.PdfImage.new(document)
    image.set_bitmap(picture)
    image.set_matrix(pdfium.PdfMatrix().scale(595, 842))
    sheet.insert_obj(image)
    sheet.gen_content()
    content = BytesIO()
    document.save(content)
    return content.getvalue()


def test_a_locked_file_is_refused_with_the_remedy() -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf([paragraph("Refunds")]))))
    writer.encrypt("secret", algorithm="RC4-128")
    content = BytesIO()
    writer.write(content)
    with pytest.raises(UnreadableDocument, match="password"):
        read(content.getvalue())


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Returns handbook", "Returns handbook"),
        ("untitled", "otter manual"),
        ("171216 manual booklet.indd", "otter manual"),
        ("Microsoft Word - form.doc", "otter manual"),
        ("Report_Final_Appendices.pdf", "otter manual"),
        ("PowerPoint Presentation", "otter manual"),
    ],
)
def test_the_title_is_the_one_in_its_properties_unless_a_program_has_made_it(given: str, title: str) -> None:
    assert read(with_title(pdf([paragraph("Refunds take a week.")]), given)).title == title


def test_three_columns_of_text_are_no_table() -> None:
    columns = (
        ("The arpeggiator is set by the", "range and the direction. It is", "on when the range is not zero."),
        ("Each part can store notes in a", "sequence that is recorded step", "by step while it is playing."),
        ("Press the encoder for a second", "to display the menu in which", "setups are saved and loaded."),
    )
    page = [text for n, column in enumerate(columns) for text in paragraph(*column, x=30 + 185 * n)]
    assert lines(pdf([page])) == [" ".join(column) for column in columns]


def test_text_beside_a_table_is_read_apart_from_it() -> None:
    text = (
        "The library is closed on all of",
        "the days on which the school is",
        "closed, and books that are due",
        "then may be brought back on the",
        "first day after the holidays.",
    )
    cells = (("Weekday", "Opens"), ("Monday", "9:30"), ("Tuesday", "10:30"), ("Friday", "11:30"))
    page = [*paragraph(*text, x=350, top=693)]
    page += [
        Text(cell, 50 + 90 * c, 700 - 20 * r) for r, row in enumerate(cells) for c, cell in enumerate(row)
    ]
    found = lines(pdf([page]))
    assert " ".join(text) in found
    assert any("Tuesday" in line and "10:30" in line for line in found)


def test_a_word_cut_between_lines_of_different_size_is_made_whole() -> None:
    page = [Text("Among the adults, a com-", 50, 700, 13), Text("parison of the rates by age.", 50, 686, 10)]
    assert lines(pdf([page])) == ["Among the adults, a comparison of the rates by age."]


def test_ligatures_of_which_one_letter_is_named_are_made_whole() -> None:
    said = (
        r"\003e con\001dence interval is di\002erent from the usual one in 19 of the",
        r"Three ports in Finland, as the ferries often leave within half an hour.",
    )
    page = [Text(line, 50, 700 - 14 * n, 11, "F3") for n, line in enumerate(said)]
    (line,) = lines(pdf([page]))
    assert line.startswith("The confidence interval is different from the usual one")


def test_numbers_of_glyphs_are_read_as_the_letters_that_they_show() -> None:
    said = (
        "the most common faults of web applications are listed here with what can be done",
        "about each of them by the people who write the code and by those who run the server",
    )
    numbers = [
        "".join(" " if character == " " else f"\\{ord(character) - 29:03o}" for character in line)
        for line in said
    ]
    assert lines(pdf([paragraph(*numbers)])) == [" ".join(said)]


def test_words_on_a_blank_page_are_no_text() -> None:
    document = read(
        pdf([[Text("This page intentionally left blank.", 200, 400, 14)], paragraph(*PROSE)]), "fees.pdf"
    )
    assert document.text == " ".join(PROSE)
    assert document.title == "fees"
