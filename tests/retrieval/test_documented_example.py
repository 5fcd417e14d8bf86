"""The code of `docs/retrieval.md`, run in a folder with a document."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "retrieval.md"
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_example_finds_the_refund(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "returns.md").write_text("# Refunds\n\nA refund takes five working days.\n")
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLE, str(PAGE), "exec"), {})
    assert capsys.readouterr().out.startswith("returns.md ")
