import json

from rich.console import Console

from finetune.evaluation.report import table, write

ROWS = [
    {"set": "cloud", "system": "base", "n": 188, "recall_at_5": 0.2917},
    {"set": "answers", "system": "base", "n": 3, "abstention_f1": None},
]


def drawn(rows):
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table(rows, "Evaluation"))
    return capture.get()


def test_the_table_has_a_column_for_every_measure_that_occurs():
    text = drawn(ROWS)
    for name in ("set", "system", "n", "recall at 5", "abstention f1"):
        assert name in text


def test_fractions_have_three_decimals_and_undefined_ones_a_dash():
    text = drawn(ROWS)
    assert "0.292" in text
    assert "188" in text
    assert " - " in text


def test_the_file_holds_the_rows_as_they_are(tmp_path):
    write(ROWS, tmp_path / "results" / "evaluation.json")
    assert json.loads((tmp_path / "results" / "evaluation.json").read_text()) == {"rows": ROWS}
