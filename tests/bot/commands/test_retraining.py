"""`groundtalk retrain` skips what is not worth while, and says what time it takes for granted."""

import asyncio

import pytest
import typer

from bot.commands import main
from bot.commands.retraining import seconds
from bot.settings import Settings
from dialogue.store.database import Database
from finetune.lease import hold_lease


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path, sqlite_url):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROFILE", "full")
    monkeypatch.setenv("DATABASE_URL", sqlite_url)


def run(*args):
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


@pytest.mark.parametrize("task", ["language", "rewriter", "retriever"])
def test_an_empty_log_is_skipped(capsys, task):
    assert run("retrain", "--task", task) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("skipped")
    assert "Nothing in the log can be learnt from" in shown


def test_a_second_process_leaves_the_first_one_alone(sqlite_url, capsys):
    async def while_another_retrains():
        database = Database(sqlite_url)
        async with hold_lease(database, "retraining"):
            code = await asyncio.to_thread(run, "retrain")
        await database.close()
        return code

    assert asyncio.run(while_another_retrains()) == 0
    assert "Another process is retraining now." in capsys.readouterr().out


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("30m", 1800), ("24h", 86400), ("7d", 604800)])
def test_times_have_a_unit(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["24", "h", "1.5h", "-1h", "0h", "24 hours"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(typer.BadParameter, match="24h"):
        seconds(text)


def test_the_option_refuses_it_too(capsys):
    assert run("retrain", "--every", "daily") == 2
