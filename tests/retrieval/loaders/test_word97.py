"""word97.doc is a test file of olefile (BSD 2-clause, Philippe Lagadec)."""

from pathlib import Path

from retrieval.documents import DocumentBuilder
from retrieval.loaders.word97 import load_doc, read_text

FILES = Path(__file__).parent / "files"


def test_a_file_of_word_97_is_read() -> None:
    (document,) = load_doc((FILES / "word97.doc").read_bytes(), "word97.doc")
    assert document.text == "Test OLE file, saved as Word 97-2003 Document."


def test_paragraphs_tables_and_the_results_of_fields_are_read() -> None:
    draft = DocumentBuilder()
    read_text(
        "See \x13 HYPERLINK \x14the map\x15.\rPump\x07Price\x07\x07X-32\x074\x07\x07X-33\x07\x07\x07The end.\r",
        draft,
    )
    assert draft.lines == ["See the map.", "Pump: X-32; Price: 4", "Pump: X-33", "The end."]
