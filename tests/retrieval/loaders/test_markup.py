from hypothesis import given
from hypothesis import strategies as st

from retrieval.documents import Document
from retrieval.loaders.markup import load_html, load_markdown


def markdown(text: str) -> Document:
    (document,) = load_markdown(text.encode(), "guides/heat-pumps.md")
    return document


def html(text: str) -> Document:
    (document,) = load_html(text.encode(), "page.html")
    return document


def test_markdown_becomes_lines_a_reader_would_see() -> None:
    text = (
        "# Heat *pumps*\n\nThey are **quiet**,\nsee [here](http://x).\n\n- one\n- two\n  - half\n\n> quoted\n"
    )
    assert markdown(text).text.splitlines() == [
        "Heat pumps",
        "They are quiet, see here.",
        "- one",
        "- two",
        "- half",
        "quoted",
    ]


def test_headings_keep_their_level_and_place() -> None:
    document = markdown("# A\n\nalpha\n\n## B\n\nbeta\n\nC\n=\n")
    assert [(h.level, h.title) for h in document.headings] == [(1, "A"), (2, "B"), (1, "C")]
    assert all(document.text[h.start :].startswith(h.title) for h in document.headings)


def test_a_table_row_is_a_line() -> None:
    table = "| Method | Days |\n|---|---|\n| Card | 5 |\n| PayPal | 2 |\n"
    assert markdown(table).text == "Method | Days\nCard | 5\nPayPal | 2"


def test_code_keeps_its_lines() -> None:
    assert markdown("Run:\n\n```sh\nmake run\n  make test\n```\n").text == "Run:\nmake run\n  make test"


def test_front_matter_gives_the_title_and_is_no_text() -> None:
    document = markdown('---\ntitle: "All about heat"\ntags: [a]\n---\n\n# Heat\n\nWarm.\n')
    assert (document.title, document.text) == ("All about heat", "Heat\nWarm.")


def test_the_title_is_the_first_heading_or_the_name() -> None:
    assert markdown("# 退货政策\n\n三十天。").title == "退货政策"
    assert markdown("Warm.").title == "heat pumps"


def test_html_is_its_main_part_without_scripts_and_navigation() -> None:
    page = """<html><head><title>Returns &amp; refunds</title><style>p{}</style></head><body><nav>Home</nav>
    <main><h1>Returns</h1><p>Within <b>30</b>&nbsp;days.<br>No fee.</p><!-- todo --><script>x()</script></main>
    <footer>Imprint</footer></body></html>"""
    document = html(page)
    assert document.title == "Returns & refunds"
    assert document.text.splitlines() == ["Returns", "Within 30 days.", "No fee."]


def test_html_without_a_structure_is_read_too() -> None:
    assert html("just <i>words</i>, no tags closed <p>second").text == "just words, no tags closed\nsecond"


@given(st.text(st.sampled_from("<>/ad iv p h1li\n#-|`*[]()&;!"), max_size=200))
def test_no_markup_is_too_broken(text: str) -> None:
    for document in (html(text), markdown(text)):
        assert all(document.text[h.start :].startswith(h.title) for h in document.headings)
