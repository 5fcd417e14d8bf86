"""Releases are measured side by side, with an engine that always says the same."""

import json

import pytest

from bot.commands import main
from bot.settings import Settings

SAYS = "What does the Wren cost?"


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGINE", "langchain_core.language_models.fake_chat_models:FakeListChatModel")
    monkeypatch.setenv("ENGINE_OPTIONS", json.dumps({"responses": [SAYS]}))
    monkeypatch.setenv("GENERATOR", "parrot")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def file(tmp_path):
    history = [{"role": "user", "text": "Tell me about the Wren."}]
    rows = [
        {"id": f"log:{n}:2", "history": history, "question": "What does it cost?", "rewrite": SAYS}
        for n in range(3)
    ]
    path = tmp_path / "rewriting.test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*args):
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return int(ended.value.code or 0)


def test_a_file_is_measured_into_a_table_json_and_a_page(file, tmp_path, capsys):
    results, page = tmp_path / "rows.json", tmp_path / "page.html"
    assert run("evaluate", "rewriting", file, "--json", results, "--html", page) == 0
    assert "exact match" in capsys.readouterr().out
    found = json.loads(results.read_text("utf-8"))
    ours = next(row for row in found["rows"] if row["system"] == "base:parrot")
    assert (ours["set"], ours["n"], ours["exact_match"]) == ("rewriting.test", 3, 1.0)
    assert found["gains"][0]["against"] == "as asked"
    assert found["gains"][0]["exact_match"] == found["gains"][0]["exact_match_low"] == 1
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_what_is_live_is_measured_once_where_it_is_the_base(file, tmp_path):
    results = tmp_path / "rows.json"
    assert run("evaluate", "rewriting", file, "--against", "base", "--json", results) == 0
    systems = [row["system"] for row in json.loads(results.read_text("utf-8"))["rows"]]
    assert sorted(systems) == ["as asked", "base:parrot"]


def test_an_unknown_release_is_named(file, capsys):
    assert run("evaluate", "rewriting", file, "--release", "r-0123456789ab") == 1
    assert "There is no release 'r-0123456789ab'" in capsys.readouterr().err


def test_answers_are_measured_from_the_passages_of_the_rows(tmp_path):
    row = {
        "id": "log:1:2",
        "history": [],
        "question": SAYS,
        "passages": [{"id": "p1", "text": "What does the Wren cost? It costs 900 euro."}],
        "answer": "It costs 900 euro.",
        "answerable": True,
        "evidence": ["p1"],
    }
    file, results = tmp_path / "grounding.test.jsonl", tmp_path / "rows.json"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert run("evaluate", "answers", file, "--json", results) == 0
    (found,) = json.loads(results.read_text("utf-8"))["rows"]
    assert found["set"] == "grounding.test"
    assert found["citation_recall"] in (0.0, 1.0)
    assert found["bytes"] is None
