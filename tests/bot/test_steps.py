"""STEPS_FILE: a deployment's own steps are read from one file, whose faults are reported at the start."""

import sys
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.steps import load_steps
from dialogue.conversation import Address, Utterance
from dialogue.events import Answered
from dialogue.steps import HandOver, SmallTalk, Step
from tests.bot.deployed_bot import deployed

OWN = """
class Own:
    async def run(self, turn):
        return turn.answer("mine")


def steps(default):
    return [default[0], Own(), *default[1:]]
"""
COUNTING = Path(__file__).parents[1] / "dialogue" / "counting_step.py"
DEFAULT: list[Step] = [HandOver(), SmallTalk()]


@pytest.fixture(autouse=True)
def _restore_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


def written(folder: Path, text: str, name: str = "own_steps.py") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_the_default_list_is_used() -> None:
    assert load_steps(None)(DEFAULT) == DEFAULT


def test_a_file_arranges_the_list(tmp_path: Path) -> None:
    arranged = load_steps(written(tmp_path, OWN))(DEFAULT)
    assert [type(step).__name__ for step in arranged] == ["HandOver", "Own", "SmallTalk"]


def test_a_file_may_import_modules_beside_it(tmp_path: Path) -> None:
    written(tmp_path, OWN, "inventory_for_steps.py")
    path = written(tmp_path, "from inventory_for_steps import Own\ndef steps(default): return [Own()]")
    assert [type(step).__name__ for step in load_steps(path)(DEFAULT)] == ["Own"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def stages(default): return default", r"defines no function steps\(default\)"),
        ("steps = [1, 2]", r"defines no function steps\(default\)"),
        ("def steps(default)\n    return default", "cannot be run: SyntaxError"),
        ("import no_such_module", "cannot be run: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('no inventory')", "cannot be run: RuntimeError: no inventory"),
    ],
    ids=["other name", "no function", "no Python", "missing module", "raises"],
)
def test_faults_of_a_file_are_reported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_steps(written(tmp_path, text))


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Correct STEPS_FILE"):
        load_steps(tmp_path / "nowhere.py")


def test_a_file_that_is_no_python_module_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a Python file"):
        load_steps(written(tmp_path, OWN, "steps.txt"))


def test_an_object_without_run_is_no_step(tmp_path: Path) -> None:
    arrange = load_steps(written(tmp_path, "def steps(default): return [*default, 'greet']"))
    with pytest.raises(SettingsError, match=r"'greet' is not a step: it has no method run\(turn\)"):
        arrange(DEFAULT)


async def test_a_bot_answers_with_the_steps_of_its_file(tmp_path: Path, sqlite_url: str) -> None:
    for count in (1, 2):
        async with deployed(tmp_path, sqlite_url, steps_file=COUNTING) as bot, bot:
            utterance = Utterance(Address("websocket", "ada"), f"m{count}", "Count order 7.")
            events = [event async for event in bot.manager.converse(utterance)]
        assert isinstance(events[-1], Answered)
        assert events[-1].text == f"Order 7 is question {count} of this kind."
