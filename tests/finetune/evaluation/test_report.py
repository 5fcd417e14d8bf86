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


def test_an_interval_stands_below_its_measure_and_has_no_column_of_its_own():
    text = drawn([{"set": "dev", "rouge_l": 0.5, "rouge_l_low": 0.41, "rouge_l_high": 0.58}])
    assert "0.500" in text
    assert "0.41 to 0.58" in text
    assert "low" not in text


def test_gains_stand_beside_the_rows_of_the_file(tmp_path):
    write(ROWS, tmp_path / "evaluation.json", [{"set": "cloud", "against": "base", "recall_at_5": 0.1}])
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written["rows"] == ROWS
    assert written["gains"][0]["against"] == "base"
