"""Files that are not what their names say, and files that no library is to be given."""

from io import BytesIO

import docx
import pytest
from lxml.etree import XMLSyntaxError

from retrieval.documents import Document
from retrieval.errors import UnreadableDocument
from retrieval.loaders import detection
from retrieval.loaders.detection import load_file
from tests.retrieval.loaders.archives import archive, epub, opendocument
from tests.retrieval.loaders.compound_files import compound_file

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def load(content: bytes, source: str) -> list[Document]:
    return list(load_file(content, source))


def word(text: str) -> bytes:
    content = BytesIO()
    document = docx.Document()
    document.add_paragraph(text)
    document.save(content)
    return content.getvalue()


@pytest.mark.parametrize("suffix", [".doc", ".txt", ".pdf", ".zip.md", ".docm"])
def test_a_file_with_the_wrong_suffix_is_read_as_what_it_is(suffix: str) -> None:
    (document,) = load(word("Refunds take five days."), f"a{suffix}")
    assert document.text == "Refunds take five days."


def test_books_open_documents_rich_text_and_html_are_known_too() -> None:
    text = opendocument("text", "<text:p>Five days.</text:p>")
    assert load(text, "a.docx")[0].text == "Five days."
    assert load(epub({"a.html": "<p>Five days.</p>"}), "a.txt")[0].text == "Five days."
    assert load(rb"{\rtf1 Five days.\par}", "a.doc")[0].text == "Five days."
    assert load(b"<html><body><p>Five days.</p></body></html>", "a.xls")[0].text == "Five days."


@pytest.mark.parametrize(
    ("content", "source", "reason"),
    [
        (b"plain text", "a.docx", "no .docx file"),
        (b"plain text", "a.epub", "no .epub file"),
        (b"\x89PNG\r\n\x1a\n....", "a.txt", "no .txt file"),
        (b"PK\x03\x04 torn off", "a.docx", "broken"),
        (archive({"a.txt": "x"}), "a.docx", "Unpack it"),
        (compound_file({"EncryptedPackage": b"x"}), "a.xlsx", "password"),
        (compound_file({"Workbook": b"x"}), "a.xls", r"Save it as \.xlsx"),
        (compound_file({"PowerPoint Document": b"x"}), "a.ppt", r"Save it as \.pptx"),
        (compound_file({"Contents": b"x"}), "a.doc", "not read"),
        (COMPOUND + bytes(504), "a.doc", "broken"),
        (
            archive({"META-INF/manifest.xml": "<manifest:encryption-data/>", "mimetype": "x"}),
            "a.odt",
            "password",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(content: bytes, source: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        load(content, source)


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "LARGEST_UNPACKED", 1 << 20)
    bomb = archive({"word/document.xml": b"\0" * (2 << 20), "[Content_Types].xml": "<Types/>"})
    assert len(bomb) < 10_000
    with pytest.raises(UnreadableDocument, match="unpacks to more"):
        load(bomb, "a.docx")


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))


@pytest.mark.parametrize(
    "entity", [f'<!ENTITY e0 "ha">{ENTITIES}<!ENTITY e "&e8;">', '<!ENTITY e SYSTEM "file:///etc/passwd">']
)
def test_entities_are_neither_expanded_nor_fetched(entity: str) -> None:
    body = "<office:body><office:text><text:p>Before &e; after</text:p></office:text></office:body>"
    xml = f"<!DOCTYPE x [{entity}]><x xmlns:office='o' xmlns:text='t'>{body}</x>"
    content = archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": xml})
    try:
        (document,) = load(content, "a.odt")
    except XMLSyntaxError:
        return
    assert len(document.text) < 20


def test_damaged_characters_are_reported() -> None:
    (document,) = load("Ünïcode café, 20 €. ".encode() + b"\x96", "a.txt")
    assert document.notes == ("1 damaged characters are shown as \ufffd",)
