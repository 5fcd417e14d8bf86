"""The wheel, installed into an environment of its own elsewhere, holds everything that a bot needs.

The environment borrows the libraries of the one that runs the tests, and nothing of this repository.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.documented_model import ANSWER
from tests.test_examples import SCRIPTS

pytestmark = pytest.mark.slow  # a wheel is built and installed

ROOT = Path(__file__).parents[1]
SOURCES = (
    "bot",
    "dialogue",
    "finetune",
    "retrieval",
    "groundtalk.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
FAKE = {
    "ENGINE": "documented_model:DocumentedModel",
    "ENCODER": "universal-sentence-encoder-multilingual",
    "PYTHONPATH": "models",
}
"""Settings for a model without weights, in the folder `models`."""
pytestmark = pytest.mark.slow

START = 400.0
"""Seconds that a server may take to be ready."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `python` and `groundtalk` of the environment."""
    folder = tmp_path_factory.mktemp("wheel")
    copy_sources(folder / "source")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    run([*pip, *build, str(folder / "source")], folder)
    shutil.rmtree(folder / "source")
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", str(environment)], folder)
    python = environment / "bin" / "python"
    run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], folder)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


@pytest.fixture
def project(programs: Path, tmp_path: Path) -> Path:
    """What `groundtalk init` lays out, with the model for the tests beside it."""
    run([str(programs / "groundtalk"), "init", "shop"], tmp_path)
    (tmp_path / "shop" / "models").mkdir()
    shutil.copy(ROOT / "tests" / "documented_model.py", tmp_path / "shop" / "models")
    return tmp_path / "shop"


def copy_sources(target: Path) -> None:
    """So that building leaves nothing in the repository."""
    target.mkdir()
    for source in (ROOT / name for name in SOURCES):
        if source.is_dir():
            shutil.copytree(source, target / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def environment(**given: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "XDG_CACHE_HOME")}
    return {**kept, **given}


def run(command: list[str], folder: Path, **given: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment(**given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(programs: Path, project: Path, **settings: str) -> Iterator[str]:
    """`groundtalk serve` in a project; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(programs / "groundtalk"), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=project, env=environment(**settings)) as server:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
    assert server.returncode in (0, -15)


def wait_until_ready(url: str) -> None:
    deadline = monotonic() + START
    while monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.ConnectError:
            sleep(0.2)
    raise AssertionError("the server is not ready")


async def answer_to(address: str, question: str) -> str:
    async with connect(f"ws://{address}/ws") as client:
        await client.send(json.dumps({"type": "hello", "protocol": 1}))
        await client.send(json.dumps({"type": "message", "id": "1", "text": question}))
        async for frame in client:
            if (said := json.loads(frame))["type"] == "answer":
                return str(said["text"])
    raise AssertionError("no answer came")


def test_the_wheel_is_what_is_imported(programs: Path, tmp_path: Path) -> None:
    code = "import groundtalk, bot, finetune; print(groundtalk.__file__, bot.__file__, finetune.__file__)"
    for path in run([str(programs / "python"), "-c", code], tmp_path).split():
        assert Path(path).is_relative_to(programs.parent)


def test_a_project_is_served(programs: Path, project: Path) -> None:
    with serving(programs, project, **FAKE) as address:
        page = httpx.get(f"http://{address}/")
        assert "<title>" in page.text
        assert httpx.get(f"http://{address}/web/chat.js").is_success
        assert asyncio.run(answer_to(address, "When are you open?")).startswith("We are open")


def test_a_script_called_bot_asks_there(programs: Path, project: Path) -> None:
    (project / "documents" / "warranty.md").write_text("# Warranty\n\nThe warranty lasts two years.\n")
    (project / "bot.py").write_text(SCRIPTS[0])
    assert ANSWER in run([str(programs / "python"), "bot.py"], project, **FAKE)


@pytest.mark.weights
def test_the_script_of_the_readme_answers_with_a_citation(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(SCRIPTS[0])
    assert "[1]" in run([str(programs / "python"), "bot.py"], tmp_path)


@pytest.mark.weights
def test_a_project_is_served_with_the_default_models(programs: Path, project: Path) -> None:
    with serving(programs, project) as address:
        answer = asyncio.run(answer_to(address, "How long is the warranty of a lamp?"))
    assert "three years" in answer and "[1]" in answer
