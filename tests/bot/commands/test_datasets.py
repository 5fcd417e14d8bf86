"""`groundtalk dataset`: built from the log and from files, listed, shown, and forgotten in."""

import json
from pathlib import Path

import pytest

from bot.commands import main
from bot.settings import Settings
from dialogue.store.store import Store
from tests.finetune.datasets.logged import Person


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path, sqlite_url):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
async def _asked(sqlite_url):
    async with await Store.open(sqlite_url) as store:
        await Person(store, "ann").asks("Where does my zebra sleep?")
        await Person(store, "bob").asks("What voltage does the charger take?")


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


def built() -> Path:
    (folder,) = Path("var/datasets").glob("d-*")
    return folder


@pytest.mark.usefixtures("_asked")
def test_a_dataset_is_built_listed_and_shown(capsys):
    assert run("dataset", "build") == 0
    card = capsys.readouterr().out
    assert f"Dataset {built().name}" in card
    assert run("dataset", "list") == 0
    assert built().name in capsys.readouterr().out
    assert run("dataset", "show", built().name) == 0
    assert capsys.readouterr().out == card


@pytest.mark.usefixtures("_asked")
def test_files_are_imported_beside_the_log(capsys, tmp_path):
    row = {
        "id": "set:7:1",
        "history": [],
        "question": "What weight?",
        "rewrite": "What weight has the kettle?",
    }
    (tmp_path / "more.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert run("dataset", "build", "--import", "more.jsonl") == 0
    (file,) = built().glob("rewriting.*.jsonl")
    assert json.loads(file.read_text("utf-8"))["rewrite"] == row["rewrite"]
    assert "more.jsonl, 1 rows" in capsys.readouterr().out


@pytest.mark.usefixtures("_asked")
def test_a_log_of_tomorrow_is_empty_and_the_remedy_is_named(capsys):
    assert run("dataset", "build", "--since", "2999-01-01") == 1
    error = capsys.readouterr().err
    assert "can be learnt from" in error
    assert "--import" in error


def test_a_file_of_no_examples_is_named(capsys, tmp_path):
    (tmp_path / "intents.jsonl").write_text('{"text": "hello", "intent": "greet"}\n', encoding="utf-8")
    assert run("dataset", "build", "--import", "intents.jsonl") == 1
    assert "is in no form of examples" in capsys.readouterr().err


def test_a_dataset_that_is_not_there_is_a_line_with_the_remedy(capsys):
    assert run("dataset", "show", "d-000000000000") == 1
    assert "groundtalk dataset list" in capsys.readouterr().err


def test_where_nothing_was_built_the_list_is_empty(capsys):
    assert run("dataset", "list") == 0
    assert "d-" not in capsys.readouterr().out


@pytest.mark.usefixtures("_asked")
def test_who_is_forgotten_leaves_the_datasets(capsys):
    run("dataset", "build")
    before = built().name
    capsys.readouterr()
    assert run("forget", "websocket", "--account", "ann") == 0
    shown = capsys.readouterr().out
    assert f"2 examples were removed from {before}" in shown
    assert "zebra" not in "".join(file.read_text("utf-8") for file in built().iterdir())
    assert run("dataset", "show", before) == 0
    assert built().name in capsys.readouterr().out
