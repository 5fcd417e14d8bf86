import pytest

from retrieval.errors import UnreadableDocument
from retrieval.loaders.epub import load_epub
from tests.retrieval.loaders.archives import epub

PAGE = "<html><body><h1>{}</h1><p>{}</p></body></html>"


def test_chapters_are_read_in_the_order_of_the_book() -> None:
    chapters = {
        "toc.html": PAGE.format("Contents", "1 Pumps"),
        "one.html": PAGE.format("Pumps", "They are quiet."),
        "two.html": PAGE.format("Valves", "They are red."),
    }
    (document,) = load_epub(epub(chapters, contents="toc.html"), "book.epub")
    assert document.title == "All about pumps"
    assert document.text.splitlines() == ["Pumps", "They are quiet.", "Valves", "They are red."]
    assert [heading.title for heading in document.headings] == ["Pumps", "Valves"]


def test_a_protected_book_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="DRM"):
        list(load_epub(epub({"one.html": "x"}, rights=True), "book.epub"))
