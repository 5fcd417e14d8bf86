"""The guide From Python as a notebook: every block is a cell, run by a real kernel, whose event loop runs already."""

import os
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.test_examples import BLOCK, PAGES, ROOT

pytestmark = pytest.mark.slow  # a kernel is started

CLOSE = "await bot.close()"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the kernel's client is other people's code
async def test_the_guide_runs_in_a_notebook(tmp_path: Path) -> None:
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "warranty.md").write_text("# Warranty\n\nThe warranty lasts two years.\n")
    cells = [new_code_cell(code) for _, code in BLOCK.findall(PAGES["docs/python.md"])]
    notebook = new_notebook(cells=[*cells, new_code_cell(CLOSE)])
    settings = {
        "PYTHONPATH": str(ROOT),
        "ENGINE": "tests.documented_model:DocumentedModel",
        "ENCODER": "universal-sentence-encoder-multilingual",
    }
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    await client.async_execute(env={**os.environ, **settings})
    printed = "".join(
        output.text for cell in cells for output in cell.outputs if output.get("name") == "stdout"
    )
    assert printed.startswith("The warranty lasts two years [1].\n1 Warranty warranty.md")
