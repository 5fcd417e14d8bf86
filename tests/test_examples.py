"""Every Python block of the documentation runs: those of a page one after the other, with `await` at the top level.

No weights are needed: the settings name a model that always gives the same answer. A block below the comment
`<!-- weights -->` is a script that runs on real ones.
"""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import groundtalk
from tests.documented_model import ANSWER

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^(<!-- weights -->\n+)?```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TESTED_APART = {
    "docs/extending.md": "bot/channels/test_extending.py",
    "docs/retrieval.md": "retrieval/test_documented_example.py",
    "docs/steps.md": "bot/test_documented_steps.py",
}
"""Pages whose example has a test of its own, which also says what it must do."""
PAGES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if str(path.relative_to(ROOT)) not in TESTED_APART
}
MODULES = {
    name: f"{import_module(name).__doc__}" for name in ("groundtalk", *groundtalk.PACKAGES, "bot.application")
}
RUN = {name: text for name, text in {**PAGES, **MODULES}.items() if BLOCK.search(text)}
SCRIPTS = [code for text in PAGES.values() for real, code in BLOCK.findall(text) if real]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a small handbook in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "warranty.md").write_text("# Warranty\n\nThe warranty lasts two years.\n")
    return tmp_path


@pytest.mark.parametrize("name", RUN)
async def test_the_examples_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE", "tests.documented_model:DocumentedModel")
    monkeypatch.setenv("ENCODER", "universal-sentence-encoder-multilingual")
    namespace = {"__name__": "example"}
    try:
        for real, code in BLOCK.findall(RUN[name]):
            if not real:
                await run(code, name, namespace)
    finally:
        if bot := namespace.get("bot"):
            await bot.close()


async def run(code: str, name: str, namespace: dict[str, object]) -> None:
    compiled = compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    outcome = eval(compiled, namespace)
    if inspect.iscoroutine(outcome):
        await outcome


async def test_the_example_of_the_package_answers(monkeypatch, capsys) -> None:
    monkeypatch.setenv("ENGINE", "tests.documented_model:DocumentedModel")
    monkeypatch.setenv("ENCODER", "universal-sentence-encoder-multilingual")
    await run(BLOCK.findall(MODULES["bot"])[0][1], "bot", {})
    assert ANSWER in capsys.readouterr().out


@pytest.mark.parametrize(("page", "test"), TESTED_APART.items())
def test_other_pages_have_a_test_of_their_own(page: str, test: str) -> None:
    assert Path(page).name in (ROOT / "tests" / test).read_text("utf-8")


@pytest.mark.weights
@pytest.mark.parametrize("code", SCRIPTS)
def test_the_scripts_answer_with_a_citation(code: str, folder: Path) -> None:
    (folder / "script.py").write_text(code)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[1]" in done.stdout
    assert len(code.splitlines()) <= 15
