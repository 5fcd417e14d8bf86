from retrieval.chunking import Chunking
from retrieval.copies import copies
from retrieval.documents import Document
from retrieval.repetition import without_repetition

TEXT = " ".join(
    f"The {thing} is lent for {days} days against a deposit, and whoever brings it back late pays a fee for each day."
    for thing, days in (("boat", 3), ("tent", 7), ("sledge", 2), ("kettle", 9), ("rope", 30), ("lamp", 14))
)


def document(source: str, text: str = TEXT) -> Document:
    return Document(source, "Lending", text)


def test_the_page_is_kept_and_not_its_source() -> None:
    raw = document("_sources/lending.rst.txt", f"{TEXT} See lending.")
    assert copies([raw, document("lending.html")]) == {"_sources/lending.rst.txt": "lending.html"}


def test_a_copy_is_marked_and_has_no_chunks() -> None:
    first, second = without_repetition([document("a/lending.md"), document("b/c/lending.md")])
    assert (first.copy_of, second.copy_of) == ("", "a/lending.md")
    assert list(Chunking().chunks(first)) and not list(Chunking().chunks(second))


def test_another_number_is_another_document() -> None:
    assert copies([document("2025.md"), document("2026.md", TEXT.replace("14 days", "15 days"))]) == {}


def test_other_words_are_another_document() -> None:
    assert (
        copies(
            [
                document("a.md"),
                document("b.md", TEXT + " Dogs are welcome in every room of the house, cats are not."),
            ]
        )
        == {}
    )


def test_pages_of_two_languages_are_no_copies() -> None:
    assert copies([document("en/lending.md"), document("es/lending.md")]) == {}
    assert copies([document("lending.en.html"), document("lending.de.html")]) == {}


def test_short_documents_are_copies_only_where_they_are_equal() -> None:
    pages = [
        document("a.txt", "Closed on Monday."),
        document("b.txt", "Closed on Monday!"),
        document("c.txt", "Closed on Sunday."),
    ]
    assert copies(pages) == {"b.txt": "a.txt"}


def test_entries_of_a_table_of_questions_are_no_copies() -> None:
    assert copies([document("faq.csv#1"), document("faq.csv#2")]) == {}


def test_pages_of_one_form_about_two_things_are_no_copies() -> None:
    text = f"Lends the THING to whoever asks. {TEXT} Ask at the desk for the THING and its papers."
    pages = [document(f"{thing}.md", text.replace("THING", thing)) for thing in ("dinghy", "canoe")]
    assert copies(pages) == {}
