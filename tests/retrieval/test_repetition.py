from retrieval.chunking import Chunking
from retrieval.documents import Document, DocumentBuilder
from retrieval.repetition import without_repetition

TOPICS = ("boats", "tents", "sledges", "kettles", "ropes", "lamps")
LICENCE = "Permission is granted to copy this page under the terms of a licence that nobody reads."


def page(source: str, *lines: str) -> Document:
    draft = DocumentBuilder()
    for line in lines:
        draft.block(line)
    return draft.document(source)


def site(*, head: tuple[str, ...] = (), foot: tuple[str, ...] = ()) -> list[Document]:
    return [
        page(
            f"site/{topic}.html",
            *head,
            f"About {topic}",
            f"Here all is said of {topic}.",
            "Note:",
            f"Mind the {topic}.",
            *foot,
        )
        for topic in TOPICS
    ]


def shown(documents: list[Document]) -> list[str]:
    return [document.shown for document in without_repetition(documents)]


def test_navigation_that_stands_on_most_pages_is_hidden_on_all() -> None:
    assert all(
        "Products" not in text and "Imprint" not in text
        for text in shown(site(head=("Products",), foot=("Imprint",)))
    )


def test_a_line_that_states_something_stays_once() -> None:
    texts = shown(site(foot=(LICENCE, "Call 0123 456 789.")))
    assert [LICENCE in text for text in texts] == [True] + [False] * 5 or sum(
        LICENCE in text for text in texts
    ) == 1
    assert sum("0123" in text for text in texts) == 1


def test_what_cookies_do_is_nowhere() -> None:
    assert not any(
        "cookies" in text for text in shown(site(foot=("We use cookies to make this page better for you.",)))
    )


def test_labels_rows_and_text_of_the_page_stay() -> None:
    texts = shown(site())
    assert all("Note:" in text and "Here all is said of" in text for text in texts)


def test_few_pages_have_nothing_in_common() -> None:
    assert all("Products" in text for text in shown(site(head=("Products",))[:4]))


def test_hidden_lines_are_in_no_chunk_and_the_rest_is() -> None:
    for document in without_repetition(site(head=("Products",), foot=("Imprint",))):
        text = "\n".join(chunk.text for chunk in Chunking().chunks(document))
        assert "Products" not in text and "Imprint" not in text
        assert f"About {document.source[5:-5]}" in text
        assert all(
            document.text[chunk.start : chunk.end] == chunk.text for chunk in Chunking().chunks(document)
        )


def test_it_is_decided_alike_whatever_was_decided_before() -> None:
    once = without_repetition(site(head=("Products",), foot=(LICENCE,)))
    assert without_repetition(once) == once
