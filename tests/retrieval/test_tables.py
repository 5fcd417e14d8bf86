import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import Chunking
from retrieval.documents import DocumentBuilder
from retrieval.tables import Row, is_value, read_table

PRICES: list[Row] = [["Pump", "Weight", "Price"], ["X-32", "120 kg", "4,000 €"], ["X-33", "", "5,000 €"]]


def lines(rows: list[Row], heads: int | None = None) -> list[str]:
    return list(read_table(rows, heads).lines())


def test_a_row_names_its_columns_and_leaves_out_empty_cells() -> None:
    assert lines(PRICES) == [
        "Pump: X-32; Weight: 120 kg; Price: 4,000 €",
        "Pump: X-33; Price: 5,000 €",
    ]


def test_equal_cells_are_kept() -> None:
    assert lines([["Plant", "Width", "Height"], ["Fern", "3", "3"]]) == ["Plant: Fern; Width: 3; Height: 3"]


def test_two_rows_of_heads_are_read_from_the_top_down() -> None:
    rows: list[Row] = [
        ["Role", "2024", None, "2025", None],
        ["Role", "Hours", "Rate", "Hours", "Rate"],
        ["Electrician", "40", "$68.60", "38", "$70.10"],
    ]
    assert lines(rows) == [
        "Role: Electrician; 2024, Hours: 40; 2024, Rate: $68.60; 2025, Hours: 38; 2025, Rate: $70.10"
    ]


def test_a_cell_over_the_whole_row_names_the_rows_below_it() -> None:
    rows: list[Row] = [
        ["Drink", "Price"],
        ["Hot drinks:", None],
        ["Tea", "2.50"],
        ["Cold", None],
        ["Cola", "3"],
    ]
    assert lines(rows) == [
        "Hot drinks:",
        "Hot drinks; Drink: Tea; Price: 2.50",
        "Cold",
        "Cold; Drink: Cola; Price: 3",
    ]


def test_names_with_values_need_no_heads() -> None:
    assert lines([["Weight:", "363 kg"], ["Colour:", "red"]]) == ["Weight: 363 kg", "Colour: red"]
    assert lines([["Owner", "Ann"], ["Deputy", "Bob"]]) == ["Owner: Ann", "Deputy: Bob"]


def test_a_label_with_its_value_is_no_row_of_heads() -> None:
    assert lines([["Weight:", "light"], ["Speed", "40 km/h"], ["Range", "80 km"]]) == [
        "Weight: light",
        "Speed: 40 km/h",
        "Range: 80 km",
    ]


def test_colons_of_heads_are_no_part_of_them() -> None:
    rows: list[Row] = [["Pump:", "In May:", None], ["Pump:", "Weight:", "Price:"], ["X-32", "120 kg", "4 €"]]
    assert lines(rows) == ["Pump: X-32; In May, Weight: 120 kg; In May, Price: 4 €"]


def test_the_years_above_a_table_are_its_heads() -> None:
    rows: list[Row] = [["Country", "2019", "2020"], ["Chile", "4.1", "4.4"]]
    assert lines(rows) == ["Country: Chile; 2019: 4.1; 2020: 4.4"]


def test_rows_of_values_have_no_heads() -> None:
    assert lines([["1", "2", "3"], ["4", "5", "6"]]) == ["1; 2; 3", "4; 5; 6"]


def test_blank_columns_and_rows_are_passed_over() -> None:
    rows: list[Row] = [["Pump", "", "Price"], ["", "", ""], ["X-32", "", "4"]]
    assert lines(rows) == ["Pump: X-32; Price: 4"]
    assert lines([]) == lines([[""]]) == []


def test_a_long_row_is_several_lines_that_name_it() -> None:
    heads = ["Id", "Pump", *(f"Property {n}" for n in range(40))]
    found = lines([heads, ["7", "X-32", *("a value of some length" for _ in range(40))]])
    assert len(found) > 3
    assert all(line.startswith("Id: 7; Pump: X-32; Property ") for line in found)


def test_a_long_cell_is_cut_between_sentences_and_each_piece_names_its_column() -> None:
    text = "The valve is shut before the cover is taken off. " * 20
    found = lines([["Step", "What to do"], ["Cleaning", text]])
    assert len(found) > 2
    assert all(line.startswith("Step: Cleaning; What to do: The valve") for line in found)
    assert all(line.endswith("off.") for line in found)


@pytest.mark.parametrize(
    "cell", ["5", "-4.1 %", "$1,200.50", "12.5.2024", "3 kg", "2024-05-01", "12:30", "€ 5"]
)
def test_amounts_and_dates_are_values(cell: str) -> None:
    assert is_value(cell)


@pytest.mark.parametrize("cell", ["Pump", "Q1", "2024", "X-33", "", "Year 1", "1 of 2 pages"])
def test_words_and_years_are_not(cell: str) -> None:
    assert not is_value(cell)


cells = st.one_of(st.none(), st.text("ab1 .;:\n中", max_size=12), st.just("word " * 200), st.just("长" * 500))


@settings(deadline=None)
@given(
    st.lists(st.lists(cells, max_size=5), max_size=6), st.sampled_from([None, 0, 1, 2]), st.integers(1, 60)
)
def test_no_line_of_a_table_is_cut(rows: list[Row], heads: int | None, budget: int) -> None:
    draft = DocumentBuilder()
    draft.block("Before. It says more.")
    draft.table(rows, heads)
    draft.block("After. It says more.")
    document = draft.document("a.csv")
    chunks = list(Chunking(budget).chunks(document))
    for left, right in document.rows:
        assert document.text[left:right].strip() == document.text[left:right]
        assert any(chunk.start <= left and right <= chunk.end for chunk in chunks)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(document.text.split())
