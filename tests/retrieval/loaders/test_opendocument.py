from retrieval.loaders.opendocument import load_opendocument
from tests.retrieval.loaders.archives import opendocument


def lines(kind: str, body: str, styles: str = "") -> list[str]:
    documents = load_opendocument(opendocument(kind, body, styles), "file.odt")
    return [line for document in documents for line in document.text.splitlines()]


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_headings_lists_notes_and_boxes_are_read_in_their_order() -> None:
    body = """<text:table-of-content><text:p>Returns 1</text:p></text:table-of-content>
    <text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
    <text:h text:outline-level="2">Returns</text:h>
    <text:p>Within <text:span>thirty</text:span><text:s/>days.<text:note><text:note-citation>1</text:note-citation>
      <text:note-body><text:p>Not on Sundays.</text:p></text:note-body></text:note> All of them.</text:p>
    <text:list text:style-name="L1"><text:list-item><text:p>Open it.</text:p></text:list-item>
      <text:list-item><text:p>Close it.</text:p></text:list-item></text:list>
    <text:list><text:list-item><text:p>red</text:p></text:list-item></text:list>
    <text:p><draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame></text:p>"""
    styles = '<text:list-style style:name="L1"><text:list-level-style-number/></text:list-style>'
    assert lines("text", body, styles) == [
        "Returns",
        "Within thirty days. All of them.",
        "Not on Sundays.",
        "1. Open it.",
        "2. Close it.",
        "- red",
        "In a box.",
    ]


def test_a_sheet_is_a_table_whose_merged_and_repeated_cells_count_each_time() -> None:
    body = f"""<table:table table:name="Times">
    <table:table-row>{cell("Town")}{cell("Day")}{cell("Price")}</table:table-row>
    <table:table-row>{cell("Millbrook", 'table:number-rows-spanned="2"')}{cell("Monday")}{cell("3 €")}</table:table-row>
    <table:table-row><table:covered-table-cell/>{cell("Sunday")}{cell("4 €")}</table:table-row>
    <table:table-row>{cell("Elm")}{cell("5", 'table:number-columns-repeated="2"')}</table:table-row>
    <table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row></table:table>"""
    assert lines("spreadsheet", body) == [
        "Town: Millbrook; Day: Monday; Price: 3 €",
        "Town: Millbrook; Day: Sunday; Price: 4 €",
        "Town: Elm; Day: 5; Price: 5",
    ]


def test_slides_have_titles_and_text() -> None:
    frame = (
        '<draw:frame presentation:class="{}"><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>'
    )
    body = f"<draw:page>{frame.format('title', 'Prices')}{frame.format('outline', 'Pumps cost less.')}</draw:page>"
    (document,) = load_opendocument(opendocument("presentation", body), "talk.odp")
    assert document.text == "Prices\nPumps cost less."
    assert [heading.title for heading in document.headings] == ["Prices"]


def test_links_keep_their_address() -> None:
    body = '<text:p>See <text:a xlink:href="https://example.com/p">the <text:span>list</text:span></text:a>.</text:p>'
    assert lines("text", body) == ["See the list (https://example.com/p)."]
