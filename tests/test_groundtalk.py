"""`groundtalk` and the four packages export their public names, at no cost, also beside a `bot.py`."""

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

import groundtalk

ROOT = Path(__file__).parents[1]
MODULES = {
    "groundtalk": ROOT / "groundtalk.py",
    **{name: ROOT / name / "__init__.py" for name in groundtalk.PACKAGES},
}
every_module = pytest.mark.parametrize("name", MODULES)

ASK = """
import asyncio

from groundtalk import Bot, Collection, Step, Store


async def main() -> None:
    from langchain_core.language_models import FakeListChatModel
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.documents import Document

    class Page(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [Document("The warranty lasts two years.", metadata={"source": "warranty.md"})]

    model = FakeListChatModel(responses=["The warranty lasts two years [1]."])
    async with Bot.open(generator=model, retriever=Page()) as bot:
        answer = await bot.ask("ada", "How long is the warranty?")
        print(answer.text, answer.citations[0].source)
"""
SAID = "The warranty lasts two years [1]. warranty.md\n"


def python(folder: Path, *arguments: str) -> str:
    """What a Python of its own prints that runs in `folder` and finds us as it would where we are installed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed_exports(path: Path) -> list[tuple[str, str]]:
    """What a module tells type checkers that it exports: module and name."""
    (block,) = [
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return exported_by(block.body)


def exported_by(lines: Sequence[ast.stmt]) -> list[tuple[str, str]]:
    return [
        (str(line.module), alias.name)
        for line in lines
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    ]


@every_module
def test_type_checkers_and_programs_see_the_same_names(name: str) -> None:
    module = import_module(name)
    exported = [(home, each) for home, names in module.PUBLIC.items() for each in names]
    assert sorted(exported) == sorted(typed_exports(MODULES[name]))
    assert sorted(module.__all__) == sorted(each for _, each in exported)


def test_the_stubs_of_groundtalk_say_the_same() -> None:
    """An installed module that is one file needs them: PEP 561 finds `py.typed` in packages only."""
    stubs = ROOT / "bot" / "stubs" / "groundtalk-stubs" / "__init__.pyi"
    assert exported_by(ast.parse(stubs.read_text("utf-8")).body) == typed_exports(MODULES["groundtalk"])


@every_module
def test_every_name_is_there_and_no_other(name: str) -> None:
    module = import_module(name)
    for each in module.__all__:
        assert getattr(module, each) is not None
    with pytest.raises(AttributeError, match="Parrot"):
        _ = module.Parrot


def test_groundtalk_gives_what_the_packages_give() -> None:
    packages = [import_module(name) for name in groundtalk.PACKAGES]
    for each in groundtalk.__all__:
        (home, *_) = [package for package in packages if each in package.__all__]
        assert getattr(home, each) is getattr(groundtalk, each)


@every_module
def test_importing_costs_nothing(name: str, tmp_path: Path) -> None:
    script = f"import json, sys, {name}; print(json.dumps(sorted(m.partition('.')[0] for m in sys.modules)))"
    loaded = set(json.loads(python(tmp_path, "-c", script)))
    heavy = {
        "torch",
        "transformers",
        "openvino",
        "faiss",
        "langchain_core",
        "sqlalchemy",
        "pydantic",
        "numpy",
    }
    assert not loaded & heavy


@every_module
def test_every_package_is_typed(name: str) -> None:
    assert name == "groundtalk" or MODULES[name].with_name("py.typed").is_file()


@pytest.mark.slow
def test_a_script_may_be_called_bot_beside_files_with_our_other_names(tmp_path: Path) -> None:
    for name in ("dialogue", "retrieval", "finetune"):
        (tmp_path / f"{name}.py").write_text("raise AssertionError('not this one')\n")
    (tmp_path / "bot.py").write_text(f"{ASK}\nif __name__ == '__main__':\n    asyncio.run(main())\n")
    assert python(tmp_path, "bot.py") == SAID


@pytest.mark.slow
def test_a_module_called_bot_may_be_imported_as_servers_do(tmp_path: Path) -> None:
    """As by `uvicorn bot:app`. What it calls `settings` stays its own, though our package has such a module."""
    (tmp_path / "bot.py").write_text(f"{ASK}\nsettings = 'mine'\napp = main\n")
    script = """
import asyncio, sys
sys.path.insert(0, "")
import bot
asyncio.run(bot.app())
import bot.steps
from bot.settings import Settings
print(bot.settings, bot.__file__, Settings.__module__, hasattr(bot, "steps"))
"""
    printed = python(tmp_path, "-c", script)
    assert printed == f"{SAID}mine {tmp_path / 'bot.py'} bot.settings False\n"


@pytest.mark.slow
def test_a_process_of_ours_finds_us_and_does_not_run_the_script_again(tmp_path: Path) -> None:
    """Scripts for a bot rarely have a guard: one that ran twice would wait for itself."""
    (tmp_path / "bot.py").write_text("""
import groundtalk
from bot.models.engines import run_in_subprocess
from tests.subprocess_work import touch

run_in_subprocess(touch, "made.txt")
print("once")
""")
    assert python(tmp_path, "bot.py") == "once\n"
    assert (tmp_path / "made.txt").exists()
