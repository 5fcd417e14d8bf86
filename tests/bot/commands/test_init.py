"""A new project is complete, runs as it is, and overwrites nothing."""

from pathlib import Path

import pytest

from bot.application import Bot
from bot.commands import main
from bot.commands.init import create_project
from bot.errors import FolderNotEmpty
from bot.steps import load_steps
from dialogue.conversation import Role
from dialogue.steps import HandOver
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.retrieval.fakes import HashingEncoder


def test_it_lays_out_what_a_bot_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["init", str(tmp_path / "shop")])
    assert not ended.value.code
    made = sorted(str(path.relative_to(tmp_path / "shop")) for path in (tmp_path / "shop").rglob("*.*"))
    assert made == [".env", "README.md", "documents/returns.md", "documents/warranty.md", "steps.py"]
    assert "groundtalk serve" in capsys.readouterr().out


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.md").touch()
    with pytest.raises(FolderNotEmpty):
        create_project(tmp_path)
    with pytest.raises(FolderNotEmpty):
        create_project(tmp_path / "notes.md")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    create_project(tmp_path)
    assert [type(step).__name__ for step in load_steps(tmp_path / "steps.py")([HandOver()])] == [
        "HandOver",
        "OpeningHours",
    ]


async def test_it_answers_from_its_documents_and_by_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    model = FakeChatModel(answers=["Every lamp has a warranty of three years [1]."])
    async with Bot.open(generator=model, encoder=HashingEncoder()) as bot:
        answer = await bot.ask("ada", "How long is the warranty of a lamp?")
        assert answer.citations[0].source == "warranty.md"
        assert (await bot.ask("ada", "When are you open?")).text.startswith("We are open from Monday")
        assert (await bot.ask("ada", "And when do you close?")).text.startswith("As before")
        assert [turn.role for turn in await bot.history("ada")] == [Role.USER, Role.ASSISTANT] * 3
