"""From the names of a lineup to what answers: by default what ships, else what the settings name, or a release."""

from functools import partial
from pathlib import Path

import pytest

from bot.evaluation import ReleaseTarget
from bot.models import loader as staffing
from bot.models.engines import ModelSpec, shipped_adapter
from finetune.errors import BadRelease
from finetune.release import ActiveModels
from retrieval.evidence import EvidenceSentences
from tests.bot.deployed_bot import deployed
from tests.bot.fake_releases import WEIGHTS, fake_chat_model, released

OWN = "smollm2-135m-instruct"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The adapter that ships with WEIGHTS."""
    adapter = tmp_path / "adapters" / WEIGHTS
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_text("in its box")
    monkeypatch.setattr(staffing, "shipped_adapter", partial(shipped_adapter, folder=tmp_path / "adapters"))
    return adapter


async def test_by_default_the_adapter_that_ships_answers(tmp_path, sqlite_url, shipped):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=WEIGHTS) as bot:
        assert bot.watcher.models.name == f"shipped:{WEIGHTS}"
        assert len(bot.watcher.models.engines) == 1
        assert await bot.watcher._loader.model(ActiveModels(), "rewrite") == ModelSpec(WEIGHTS, shipped)


async def test_it_does_only_the_tasks_that_its_card_names(tmp_path, sqlite_url, shipped):
    (shipped / "card.md").write_text("tasks: rewrite\n")
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=WEIGHTS) as bot:
        assert bot.watcher.models.name == f"base:{WEIGHTS} rewrite:shipped:{WEIGHTS}"
        assert len(bot.watcher.models.engines) == 2


async def test_rewriter_and_generator_may_have_weights_of_their_own(tmp_path, sqlite_url, shipped):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=OWN, rewriter=WEIGHTS) as bot:
        assert bot.watcher.models.name == f"base:{OWN} rewrite:shipped:{WEIGHTS}"


async def test_the_weights_as_they_come_can_be_asked_for(tmp_path, sqlite_url, shipped):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=WEIGHTS) as bot:
        base = ActiveModels({"rewrite": "base", "answer": "base"})
        assert bot.watcher._loader.name(base) == f"base:{WEIGHTS}"
        assert await bot.watcher._loader.model(base, "answer") == ModelSpec(WEIGHTS)


async def test_a_release_brings_its_base_along(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=OWN) as bot:
        boxed = await released(bot, tmp_path, "in its box")
        model = await bot.watcher._loader.model(ActiveModels({"answer": boxed.id}), "answer")
        assert (model.weights, model.trained) == (WEIGHTS, True)
        assert (model.adapter / "adapter_model.safetensors").read_text() == "in its box"


async def test_what_cannot_run_here_says_why(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=OWN) as bot:
        rewriting = await released(bot, tmp_path, "in its box", "rewrite")
        with pytest.raises(BadRelease, match="has not learnt to answer"):
            await bot.watcher._loader.model(ActiveModels({"answer": rewriting.id}), "answer")


async def test_where_no_adapter_ships_the_shipped_model_is_the_bare_weights(tmp_path, sqlite_url, shipped):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=OWN) as bot:
        assert await bot.watcher._loader.model(ActiveModels({"answer": "shipped"}), "answer") == ModelSpec(
            OWN
        )


async def test_what_runs_elsewhere_takes_no_adapter(tmp_path, sqlite_url, shipped):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, generator=WEIGHTS, engine="openai") as bot:
        assert bot.watcher.models.name == f"base:{WEIGHTS}"
        boxed = await released(bot, tmp_path, "in its box")
        with pytest.raises(BadRelease, match="ENGINE=openai"):
            await bot.watcher._loader.model(ActiveModels({"answer": boxed.id}), "answer")


@pytest.mark.parametrize(("evidence", "found", "read"), [("passages", 6, False), ("sentences", 20, True)])
async def test_sentences_are_chosen_from_more_passages_than_are_shown_whole(
    tmp_path, sqlite_url, evidence, found, read
):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, evidence=evidence, passage_tokens=99) as bot:
        loader = bot.watcher._loader
        retriever, _ = await loader.retriever(ActiveModels())
        reader = await loader.reader()
    assert retriever.k == found
    assert (reader is not None and reader.budget == 99) == read


async def test_a_trained_reader_chooses_from_100_passages_also_if_whole_ones_are_shown(
    tmp_path, sqlite_url, monkeypatch
):
    trained = EvidenceSentences(budget=1)
    monkeypatch.setattr(staffing, "load_reader", lambda settings, weights: trained)
    async with deployed(tmp_path, sqlite_url, fake_chat_model, reader="mine.safetensors") as bot:
        loader = bot.watcher._loader
        retriever, _ = await loader.retriever(ActiveModels())
        assert await loader.reader() is await loader.reader() is trained
    assert retriever.k == 100


@pytest.mark.parametrize(("tasks", "again"), [("answer", False), ("answer, rewrite", True)])
async def test_what_was_trained_only_to_answer_is_not_asked_to_rewrite_again(
    tmp_path, sqlite_url, shipped, tasks, again
):
    (shipped / "card.md").write_text(f"tasks: {tasks}\n")
    async with (
        deployed(tmp_path, sqlite_url, fake_chat_model, generator=WEIGHTS, rewriter=OWN) as bot,
        bot.watcher._loader.rewriter(ActiveModels()) as (_, rewriter),
    ):
        assert (rewriter._second is not None) is again


async def test_rewrites_are_measured_with_the_model_that_rewrites_for_people(tmp_path, sqlite_url, shipped):
    (shipped / "card.md").write_text("tasks: rewrite\n")
    loaded = []

    def load(model):
        loaded.append(model)
        return fake_chat_model(model)

    async with deployed(tmp_path, sqlite_url, load, generator=OWN, rewriter=WEIGHTS) as bot:
        serving = list(loaded)
        target = ReleaseTarget(bot.settings, None, bot.watcher._loader, ActiveModels())
        async with target.rewriter() as measured:
            assert loaded == serving
            assert measured._engine in bot.watcher.models.engines
            assert measured._engine is not bot.watcher.models.engines[0]
