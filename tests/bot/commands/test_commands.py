"""Commands that need no weights, on a database and weights of the test."""

import json

import pytest

from bot.commands import main
from bot.settings import Settings
from dialogue.conversation import Address, Answer, Citation, Utterance
from dialogue.store.store import Store

ADA = Address("telegram", "阿达")


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path, sqlite_url):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
async def _asked(sqlite_url):
    async with await Store.open(sqlite_url) as store:
        turn = (await store.turns.accept(Utterance(ADA, "1", "保修多久？", author="ada"))).turn
        claim = await store.claims.claim(turn.conversation, "worker", 60)
        cited = (Citation(1, "c1", "Warranty", "warranty.md", "Two years."),)
        await store.turns.commit(claim, turn, Answer("两年 [1]。", turn.text, cited, release="r7"), {})


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


def test_models_are_listed_with_what_is_here(capsys):
    assert run("models", "list") == 0
    shown = capsys.readouterr().out
    assert "all-MiniLM-L6-v2 *" in shown
    assert "Apache-2.0" in shown


def test_pulling_what_comes_with_a_dependency_is_done_at_once():
    assert run("models", "pull", "universal-sentence-encoder-multilingual") == 0


def test_the_database_is_made_where_there_is_none(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DATABASE_URL", "")
    assert run("db", "upgrade") == 0
    assert (tmp_path / "var" / "groundtalk.db").exists()
    assert "revision" in capsys.readouterr().out


def test_a_database_of_no_tables_names_the_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    assert run("export") == 1
    assert "groundtalk db upgrade" in capsys.readouterr().err


@pytest.mark.usefixtures("_asked")
def test_conversations_are_exported_as_json_lines(capsys, tmp_path):
    assert run("export", "all.jsonl") == 0
    (row,) = map(json.loads, (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines())
    assert row["address"] == {"channel": "telegram", "account": "阿达"}
    assert [turn["text"] for turn in row["turns"]] == ["保修多久？", "两年 [1]。"]
    assert row["turns"][1]["citations"][0]["quote"] == "Two years."
    assert run("export") == 0
    assert json.loads(capsys.readouterr().out) == row


@pytest.mark.usefixtures("_asked")
def test_a_person_is_forgotten_and_the_releases_are_named(capsys):
    assert run("forget", "telegram", "--account", "阿达") == 0
    shown = capsys.readouterr().out
    assert "2 turns" in shown
    assert "r7" in shown
    assert run("export") == 0
    assert capsys.readouterr().out == ""
