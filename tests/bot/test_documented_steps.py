"""The code of `docs/steps.md`: the steps file in a bot with a real store, and the page's own tests."""

import re
import sys
from pathlib import Path

import pytest

from bot.steps import load_steps
from tests.dialogue.bot_process import BotProcess, bot_process

PAGE = Path(__file__).parents[2] / "docs" / "steps.md"
STEPS, TESTS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def steps_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "shop_steps.py"
    file.write_text(STEPS, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop_steps", raising=False)
    return file


async def answer(bot: BotProcess, text: str) -> str:
    receipt = await bot.say(text)
    return (await bot.answer_to(receipt.conversation.id, receipt.turn.number)).text


async def test_the_order_number_is_asked_for_once_and_survives_a_restart(
    steps_file: Path, sqlite_url: str
) -> None:
    async with bot_process(sqlite_url, arrange=load_steps(steps_file)) as bot:
        assert await answer(bot, "Where is my order?") == "What is your order number? It has six digits."
        assert await answer(bot, "It is 471100.") == "Order 471100 left our warehouse today."
    async with bot_process(sqlite_url, arrange=load_steps(steps_file)) as bot:
        assert await answer(bot, "Where is my order now?") == "Order 471100 left our warehouse today."


async def test_what_it_does_not_understand_is_answered_from_the_documents(
    steps_file: Path, sqlite_url: str
) -> None:
    async with bot_process(sqlite_url, arrange=load_steps(steps_file)) as bot:
        await answer(bot, "Where is my order?")
        assert "230 volts" in await answer(bot, "What voltage does the charger take?")
        receipt = await bot.say("471100")
        assert "Order 471100" not in (await bot.answer_to(receipt.conversation.id, receipt.turn.number)).text


@pytest.mark.usefixtures("steps_file")
def test_the_tests_of_the_page_pass() -> None:
    names: dict[str, object] = {}
    exec(compile(TESTS, str(PAGE), "exec"), names)
    tests = [function for name, function in names.items() if name.startswith("test_") and callable(function)]
    assert len(tests) == 2
    for function in tests:
        function()
