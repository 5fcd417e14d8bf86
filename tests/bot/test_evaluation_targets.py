"""Releases by name, as they would be if they were live."""

import pytest

from bot.evaluation import LIVE, ReleaseTarget, active_models_for
from bot.models.engines import ModelSpec
from bot.settings import load_settings
from dialogue.store.database import Database
from finetune.errors import UnknownRelease
from finetune.release import BASE_RELEASE, SHIPPED_RELEASE, ActiveModels
from finetune.releases import Releases


@pytest.fixture
async def releases(sqlite_url):
    database = Database(sqlite_url)
    yield Releases(database)
    await database.close()


async def added(releases, folder, *tasks):
    artifact = folder / "-".join(tasks)
    artifact.mkdir()
    (artifact / "adapter_model.safetensors").write_text(" ".join(tasks))
    return (await releases.add(artifact, tasks=tasks, base="smollm2")).id


async def test_live_is_what_was_promoted_last(releases, tmp_path):
    assert (await active_models_for(LIVE, releases)).names == {}
    release = await added(releases, tmp_path, "answer")
    await releases.promote(release)
    assert (await active_models_for(LIVE, releases)).names == {"answer": release}


async def test_a_release_takes_over_its_tasks_and_no_others(releases, tmp_path):
    retriever = await added(releases, tmp_path, "retrieve")
    language = await added(releases, tmp_path, "rewrite", "answer")
    await releases.promote(retriever)
    active = await active_models_for(language, releases)
    assert active.names == {"retrieve": retriever, "rewrite": language, "answer": language}


async def test_the_base_is_nothing_learnt_at_all(releases, tmp_path):
    await releases.promote(await added(releases, tmp_path, "retrieve"))
    assert set((await active_models_for(BASE_RELEASE, releases)).names.values()) == {BASE_RELEASE}


async def test_the_shipped_adapter_leaves_the_retriever_alone(releases, tmp_path):
    retriever = await added(releases, tmp_path, "retrieve")
    await releases.promote(retriever)
    names = (await active_models_for(SHIPPED_RELEASE, releases)).names
    assert names == {"rewrite": SHIPPED_RELEASE, "answer": SHIPPED_RELEASE, "retrieve": retriever}


async def test_an_unknown_name_is_refused(releases):
    with pytest.raises(UnknownRelease):
        await active_models_for("r-nothing", releases)


class Known:
    """Weights in a file, and a team that runs them with an adapter for answering only."""

    def __init__(self, folder):
        self.adapter = folder / "adapter"
        self.adapter.mkdir()
        (self.adapter / "adapter_model.safetensors").write_bytes(b"7 bytes")
        self.weights = folder / "tiny.gguf"
        self.weights.write_bytes(b"x" * 100)

    def locate(self, name):
        return {"tiny": self.weights}[name]

    async def model(self, active, task):
        return ModelSpec("tiny", self.adapter if task == "answer" else None)


async def test_the_size_is_that_of_the_weights_and_of_what_was_learnt(tmp_path):
    known = Known(tmp_path)
    system = ReleaseTarget(load_settings(), known, known, ActiveModels())
    assert (await system.size("rewrite"), await system.size("answer")) == (100, 107)


async def test_what_runs_elsewhere_has_no_size(tmp_path):
    elsewhere = load_settings(engine="openai", openai_base_url="http://localhost:1/v1")
    known = Known(tmp_path)
    assert await ReleaseTarget(elsewhere, known, known, ActiveModels()).size("answer") is None
