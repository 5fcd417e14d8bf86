"""The command as a whole: help is quick and complete, and a failure is one line with a remedy, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.commands import COMMANDS, main
from bot.settings import Settings


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


def test_help_names_every_command_and_imports_none_of_them():
    code = (
        "import sys; from bot.commands import main\n"
        "try: main(['--help'])\n"
        "finally: print({'torch', 'fastapi', 'openvino'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    for name in COMMANDS.commands:
        assert f" {name} " in shown.stdout
    assert shown.stdout.rstrip().endswith("set()")


@pytest.mark.parametrize("name", list(COMMANDS.commands))
def test_every_command_has_help_of_its_own(name, capsys):
    assert run(name, "--help") == 0
    assert f"groundtalk {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "args",
    [
        ["sing"],
        ["models", "pul"],
        ["ingest", "nowhere"],
        ["search"],
        ["serve", "--port", "many"],
        ["forget", "telegram"],
        ["evaluate", "answers"],
        ["evaluate", "handbook", "--limit", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(args, capsys):
    assert run(*args) == 2
    assert "Usage: groundtalk" in capsys.readouterr().err


def test_a_failure_is_one_line_with_a_remedy_and_ends_with_1(monkeypatch, capsys):
    monkeypatch.setenv("PORT", "many")
    assert run("db", "upgrade") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("groundtalk: PORT: ")
    assert ".env.example" in line


def test_a_failure_nobody_foresaw_shows_no_traceback_either(monkeypatch, capsys):
    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("the moon is full")

    monkeypatch.setattr("bot.commands.COMMANDS.main", fall)
    assert run("db") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("groundtalk: Unexpected RuntimeError: the moon is full.")


def test_markup_in_a_reason_is_shown_as_it_is(capsys):
    assert run("models", "pull", "[red]x[/]") == 1
    assert "'[red]x[/]'" in capsys.readouterr().err
