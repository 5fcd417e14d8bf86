from io import BytesIO

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from retrieval.documents import Document
from retrieval.loaders.pptx import load_pptx

PLACE = (Inches(1), Inches(1), Inches(4), Inches(2))


def load(show: Presentation) -> Document:
    content = BytesIO()
    show.save(content)
    (document,) = load_pptx(content.getvalue(), "talks/price_talk.pptx")
    return document


def test_titles_bullets_and_notes_are_read_in_the_order_of_the_slides() -> None:
    show = Presentation()
    show.core_properties.title = ""
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Prices"
    slide.placeholders[1].text = "Pumps cost less.\nValves cost more."
    slide.notes_slide.notes_text_frame.text = "Mention the discount."
    show.slides.add_slide(show.slide_layouts[6]).shapes.add_textbox(*PLACE).text_frame.text = "Questions?"
    document = load(show)
    assert document.title == "price talk"
    assert document.text.splitlines() == [
        "Prices",
        "- Pumps cost less.",
        "- Valves cost more.",
        "Mention the discount.",
        "Slide 2",
        "Questions?",
    ]
    assert [heading.title for heading in document.headings] == ["Prices", "Slide 2"]


def test_tables_and_the_data_of_charts_keep_their_heads() -> None:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Sales"
    table = slide.shapes.add_table(2, 2, *PLACE).table
    for (row, column), text in {(0, 0): "Pump", (0, 1): "Owner", (1, 0): "X-32", (1, 1): "Ann"}.items():
        table.cell(row, column).text = text
    data = CategoryChartData()
    data.categories = ["East", "West"]
    data.add_series("2024", (19.2, 21.4))
    data.add_series("2025", (22.3, 28.6))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *PLACE, data)
    assert load(show).text.splitlines() == [
        "Sales",
        "Pump: X-32; Owner: Ann",
        "East; 2024: 19.2; 2025: 22.3",
        "West; 2024: 21.4; 2025: 28.6",
    ]


def test_hidden_slides_are_left_out_and_reported() -> None:
    show = Presentation()
    for title in ("Shown", "Secret"):
        show.slides.add_slide(show.slide_layouts[5]).shapes.title.text = title
    show.slides[1]._element.set("show", "0")
    document = load(show)
    assert document.text == "Shown"
    assert document.notes == ("1 hidden slides are left out",)


def test_links_keep_their_address() -> None:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    paragraph = slide.shapes.add_textbox(*PLACE).text_frame.paragraphs[0]
    for text, address in (
        ("See the ", None),
        ("price", "https://example.com/p"),
        (" list", "https://example.com/p"),
    ):
        run = paragraph.add_run()
        run.text, run.hyperlink.address = text, address
    paragraph.add_run().text = "."
    assert load(show).text.splitlines()[1] == "See the price list (https://example.com/p)."
