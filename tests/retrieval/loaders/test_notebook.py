import json

import pytest

from retrieval.errors import UnreadableDocument
from retrieval.loaders.notebook import load_ipynb


def test_text_code_and_the_beginning_of_its_output_are_read() -> None:
    table = "<table><tr><th>Pump</th><th>Price</th></tr><tr><td>X-32</td><td>4</td></tr></table>"
    cells = [
        {"cell_type": "markdown", "source": ["# Pumps\n", "\n", "They are *quiet*."]},
        {
            "cell_type": "code",
            "source": "for n in range(99):\n    print(n)",
            "outputs": [
                {"name": "stdout", "text": [f"{n}\n" for n in range(99)]},
                {"name": "stderr", "text": "warning"},
            ],
        },
        {
            "cell_type": "code",
            "source": "prices",
            "outputs": [{"data": {"text/html": table, "text/plain": "a frame"}}],
        },
    ]
    (document,) = load_ipynb(json.dumps({"cells": cells}).encode(), "pumps.ipynb")
    assert document.title == "Pumps"
    lines = document.text.splitlines()
    assert lines[:5] == ["Pumps", "They are quiet.", "for n in range(99):", "    print(n)", "0"]
    assert "50" not in lines
    assert "X-32" in lines[-1]
    assert "warning" not in lines


def test_an_old_notebook_is_refused_with_the_remedy() -> None:
    with pytest.raises(UnreadableDocument, match="save it again"):
        list(load_ipynb(b'{"worksheets": []}', "old.ipynb"))
