from retrieval.documents import DocumentBuilder, Heading, readable_name


def test_headings_point_into_the_text() -> None:
    draft = DocumentBuilder()
    draft.block("Before  the\tfirst.")
    draft.heading(2, " Noise ")
    draft.block("")
    draft.block("Quiet.")
    document = draft.document("guides/heat-pumps.md")
    assert document.text == "Before the first.\nNoise\nQuiet."
    assert document.headings == (Heading(2, "Noise", 18),)
    assert document.text[18:].startswith("Noise")


def test_the_title_is_given_or_the_first_heading_or_the_name() -> None:
    draft = DocumentBuilder()
    assert draft.document("guides/heat_pumps.v2.md").title == "heat pumps"
    draft.heading(1, "Heat pumps")
    assert draft.document("a.md").title == "Heat pumps"
    assert draft.document("a.md", "All about heat").title == "All about heat"


def test_what_no_database_can_hold_is_dropped() -> None:
    draft = DocumentBuilder()
    draft.block("null\x00 and half a pair \ud800 of surrogates")
    assert draft.document("a.txt").text == "null and half a pair of surrogates"


def test_the_digest_is_of_what_is_said_not_of_where() -> None:
    draft = DocumentBuilder()
    draft.block("Quiet.")
    assert draft.document("a.md", "Noise").digest == draft.document("b.md", "Noise").digest
    assert draft.document("a.md", "Noise").digest != draft.document("a.md", "Sound").digest


def test_a_path_without_a_name_stays() -> None:
    assert readable_name("-.md") == "-.md"


def test_a_document_knows_the_rows_of_its_tables_and_what_is_missing() -> None:
    draft = DocumentBuilder()
    draft.block("Prices")
    draft.table([["Pump", "Price"], ["X-32", "4"], ["X-33", "5"]])
    draft.note("1 of 2 pages has no text")
    document = draft.document("prices.pdf")
    assert document.text == "Prices\nPump: X-32; Price: 4\nPump: X-33; Price: 5"
    assert [document.text[slice(*row)] for row in document.rows] == document.text.splitlines()[1:]
    assert document.notes == ("1 of 2 pages has no text",)


def test_a_line_that_says_the_same_again_is_left_out() -> None:
    draft = DocumentBuilder()
    for text in ("Panorama", "Panorama"):
        draft.heading(1, text)
    for text in ("Panorama", "A picture.", "A picture.", "Another."):
        draft.block(text)
    draft.table([["Row", "Price"], ["A", "1"], ["A", "1"]], 1)
    assert draft.lines == ["Panorama", "A picture.", "Another.", "Row: A; Price: 1", "Row: A; Price: 1"]
    assert len(draft.headings) == 1
