"""`groundtalk releases`: what is there, what is live, and changing that."""

import pytest

from bot.commands import main
from bot.settings import Settings
from dialogue.store.store import Store
from finetune.release import Release
from finetune.releases import Releases

BASE = "qwen2.5-coder-0.5b-instruct"


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path, sqlite_url):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture
async def release(sqlite_url, tmp_path) -> Release:
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact" / "adapter_model.safetensors").write_bytes(b"learnt")
    async with await Store.open(sqlite_url) as store:
        return await Releases(store.database).add(
            tmp_path / "artifact",
            tasks=["rewrite", "answer"],
            base=BASE,
            dataset="d-1",
            metrics={"rouge_l": 0.5},
            decision={"verdict": "promote", "reasons": ["better rewrites"]},
        )


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["releases", *args])
    return int(ended.value.code or 0)


def test_without_releases_everything_is_by_default(capsys):
    assert run("list") == 0
    assert capsys.readouterr().out == "live: rewrite: by default, answer: by default, retrieve: by default\n"


def test_a_release_is_shown_with_where_it_comes_from(release, capsys):
    assert run("show", release.id) == 0
    shown = capsys.readouterr().out
    assert f"{release.id} for rewrite, answer, on {BASE}" in shown
    assert "dataset d-1" in shown
    assert "rouge_l: 0.5" in shown
    assert "reasons: ['better rewrites']" in shown
    assert "adapter_model.safetensors: 6 bytes" in shown


def test_promoted_listed_and_rolled_back(release, capsys):
    assert run("promote", release.id, "--reason", "it is better") == 0
    assert f"rewrite: {release.id}, answer: {release.id}, retrieve: by default" in capsys.readouterr().out
    assert run("list") == 0
    shown = capsys.readouterr().out
    assert f"{release.id} *" in shown
    assert "it is better" in shown
    assert run("rollback") == 0
    assert "answer: by default" in capsys.readouterr().out


def test_what_cannot_be_done_is_said_in_a_line(capsys):
    assert run("promote", "r-0") == 1
    assert "no release 'r-0'" in capsys.readouterr().err
    assert run("rollback") == 1
    assert "nothing to roll back" in capsys.readouterr().err
