"""A whole cycle from a log to a decision, with a model of random weights that learns nothing worth promoting."""

import asyncio

import pytest

from bot.commands import main
from bot.settings import Settings
from dialogue.conversation import Address, Answer, Citation, Passage, Utterance
from dialogue.store.store import Store
from finetune.releases import Releases
from tests.finetune.training.tiny import tiny_model
from tests.finetune.training.tiny_gguf import write_gguf

CONVERSATIONS = 12


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path, sqlite_url):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROFILE", "full")
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("ENGINE", "transformers")
    monkeypatch.setenv("GENERATOR", str(write_gguf(tiny_model(), tmp_path / "tiny.gguf")))


async def talk(store, number):
    """A question, an answer that is welcome, and consent to learn from it."""
    question, text = (
        f"How long is part {number} guaranteed?",
        f"Part {number} is guaranteed {number + 2} years.",
    )
    asked = (await store.turns.accept(Utterance(Address("web", f"a{number}"), "1", question))).turn
    await store.conversations.set_consent(asked.conversation, True)
    claim = await store.claims.claim(asked.conversation, "worker", 60)
    shown = (Passage(1, f"c{number}", "Parts", "parts.md", text, 0.8),)
    cited = (Citation(1, f"c{number}", "Parts", "parts.md", text),)
    turn = await store.turns.commit(claim, asked, Answer(f"{text[:-1]} [1].", question, cited, shown), {})
    await store.feedback.rate(turn.conversation, turn.number, f"r{number}", "up")


@pytest.fixture
def logged(sqlite_url):
    async def write():
        async with await Store.open(sqlite_url) as store:
            for number in range(CONVERSATIONS):
                await talk(store, number)

    asyncio.run(write())
    return sqlite_url


async def known(url):
    async with await Store.open(url) as store:
        releases = Releases(store.database)
        return await releases.list(), await releases.live()


def run(*args):
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


@pytest.mark.slow
def test_a_log_becomes_a_candidate_that_is_measured_judged_and_kept(logged, tmp_path, capsys):
    assert run("retrain", "--minimum", "1", "--limit", "2") == 0
    assert capsys.readouterr().out.startswith("rejected r-")
    (release,), live = asyncio.run(known(logged))
    assert live.names == {}
    assert "adapter_model.safetensors" in release.files
    assert release.decision["verdict"] == "reject"
    assert (tmp_path / "var" / "reports" / f"{release.id}.html").exists()
    assert not list((tmp_path / "var").glob("retraining-*.json"))
    assert run("retrain", "--minimum", "0") == 0
    assert "there is nothing new" in capsys.readouterr().out
