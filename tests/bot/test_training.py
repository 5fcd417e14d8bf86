import asyncio
from dataclasses import replace
from threading import Event

import pytest

from bot.errors import SettingsError
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.training import LanguageTraining, Stopped, run_stoppable
from dialogue.store.store import Store
from finetune.release import BASE_RELEASE, LANGUAGE_TASKS, SHIPPED_RELEASE, ActiveModels
from finetune.releases import Releases
from finetune.training.options import TrainingObjective, TrainingOptions
from finetune.training.sft_data import DataMixture
from tests.bot.deployed_bot import settings_in
from tests.bot.fake_releases import WEIGHTS


@pytest.fixture
async def releases(sqlite_url):
    async with await Store.open(sqlite_url) as store:
        yield Releases(store.database)


@pytest.fixture
def learning(tmp_path, sqlite_url, releases):
    def made(parent=None, base=WEIGHTS):
        settings = settings_in(tmp_path, sqlite_url)
        return LanguageTraining(
            settings=settings,
            weights=Weights(settings.weights_dir, Hub("http://127.0.0.1:9")),
            releases=releases,
            base=base,
            choice=DataMixture(),
            objective=TrainingObjective.SUPERVISED,
            options=TrainingOptions(),
            report=lambda done, total: None,
            parent=parent,
        )

    return made


@pytest.fixture
async def release(releases, tmp_path):
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    (artifact / "adapter_model.safetensors").write_text("learnt")
    return await releases.add(artifact, tasks=LANGUAGE_TASKS, base="other-weights")


async def test_what_is_live_is_gone_on_from_where_it_was_trained_on_the_same_weights(learning, release):
    live = ActiveModels(dict.fromkeys(LANGUAGE_TASKS, release.id))
    name, adapter = await learning(base="other-weights")._parent(live)
    assert (name, (adapter / "adapter_model.safetensors").read_text()) == (release.id, "learnt")
    assert await learning()._parent(live) == (BASE_RELEASE, None)
    assert await learning(base="other-weights")._parent(ActiveModels()) == (BASE_RELEASE, None), (
        "nothing ships for them"
    )
    assert (await learning()._parent(ActiveModels()))[0] == SHIPPED_RELEASE


async def test_what_was_asked_for_is_gone_on_from_whatever_is_live(learning, release):
    live = ActiveModels(dict.fromkeys(LANGUAGE_TASKS, SHIPPED_RELEASE))
    assert (await learning(release.id, "other-weights")._parent(live))[0] == release.id
    assert await learning(BASE_RELEASE)._parent(live) == (BASE_RELEASE, None)


async def test_what_was_asked_for_and_does_not_fit_is_refused_with_the_remedy(learning, release):
    with pytest.raises(SettingsError, match=f"{release.id} was not trained on {WEIGHTS}.*--parent base"):
        await learning(release.id)._parent(ActiveModels())
    with pytest.raises(SettingsError, match=r"shipped was not trained on other-weights.*--parent base"):
        await learning(SHIPPED_RELEASE, "other-weights")._parent(ActiveModels())


class Rewritings:
    """A dataset with examples of rewriting alone."""

    def path(self, kind, split):
        return kind == "rewriting" or None


def test_only_what_the_dataset_teaches_is_done_afterwards(learning):
    taught = learning()
    assert taught._learnt_tasks(Rewritings()) == ("rewrite",)
    assert replace(taught, objective=TrainingObjective.KTO)._learnt_tasks(Rewritings()) == (
        "rewrite",
        "answer",
    )


async def test_work_is_done_in_a_thread_to_its_end():
    steps = []

    def work(alive):
        for step in range(3):
            alive(step, 3)
            steps.append(step)

    await run_stoppable(work)
    assert steps == [0, 1, 2]


async def test_what_goes_wrong_in_it_is_raised():
    def work(alive):
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        await run_stoppable(work)


async def test_work_that_nobody_waits_for_ends_at_its_next_step():
    begun, ended = Event(), Event()

    def work(alive):
        try:
            for step in range(10_000):
                begun.set()
                alive(step, 10_000)
                ended.wait(0.01)
        except Stopped:
            ended.set()
            raise

    task = asyncio.create_task(run_stoppable(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)
