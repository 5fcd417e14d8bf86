"""The cycle learns from what is new, asks the gate, and whatever happens, what is live stays good."""

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from dialogue.store.database import Database
from finetune.datasets.dataset import TRAIN, TimeWindow, split_of
from finetune.datasets.storage import DatasetWriter
from finetune.errors import EmptyDataset, StepFailed
from finetune.evaluation.results import compare
from finetune.examples import RewritingExample
from finetune.releases import Releases
from finetune.retraining import (
    MAX_RESUMES,
    Candidate,
    Comparisons,
    CycleStatus,
    PendingDataset,
    RetrainingCycle,
    RetrainingSteps,
)
from tests.finetune.evaluation.results import result

SCORES = list(np.random.default_rng(9).uniform(0.2, 0.6, 40))
TRAINED_ON = [f"log:{n}:2" for n in range(200) if split_of(str(n)) == TRAIN]


class Deployment:
    """Parts that a test can look into and break. Each dataset is learnt into other bytes."""

    def __init__(self, folder, releases):
        self.folder = folder
        self.releases = releases
        self.examples = 30
        self.words = "What is the Wren?"
        self.gain = 0.1
        self.built, self.trained, self.compared, self.said, self.shown = [], [], [], [], []
        self.breaks = {}

    def cycle(self, minimum=10):
        return RetrainingCycle(
            tasks=("rewrite", "answer"),
            kinds=("rewriting",),
            minimum=minimum,
            datasets=self.folder / "datasets",
            note=PendingDataset(self.folder / "retraining.json"),
            releases=self.releases,
            steps=RetrainingSteps(self.build, self.train, self.compare, self.show),
            say=self.said.append,
        )

    async def build(self):
        self.break_if_told("build")
        (self.folder / "datasets").mkdir(exist_ok=True)
        with DatasetWriter(self.folder / "datasets") as writer:
            for id in TRAINED_ON[: self.examples]:
                writer.add(
                    "rewriting",
                    RewritingExample(id=id, history=(), question="What is it?", rewrite=self.words),
                )
            self.built.append(writer.publish(filters={}, log=TimeWindow()))
        return self.built[-1]

    async def train(self, dataset, live):
        self.trained.append(dataset.id)
        self.break_if_told("train")
        folder = self.folder / "runs" / dataset.id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_text(dataset.id)
        return Candidate(folder, ("rewrite", "answer"), "smollm2", next(iter(live.releases), None))

    async def compare(self, release, dataset, live):
        self.compared.append(release.id)
        self.break_if_told("compare")
        name = live.names.get("answer", "base")
        new = result(release.id, [score + self.gain for score in SCORES], set=dataset.id)
        systems = [new, *(result(system, SCORES, set=dataset.id) for system in dict.fromkeys([name, "base"]))]
        unmoved = [replace(system, task="rewrite") for system in systems]
        return Comparisons(compare(systems, release.id), compare(unmoved, release.id), live=name, base="base")

    def show(self, release, compared, decision):
        self.break_if_told("show")
        self.shown.append((release.id, decision.promote))

    def break_if_told(self, step):
        if step in self.breaks:
            raise self.breaks.pop(step)


@pytest.fixture
async def releases(sqlite_url) -> AsyncIterator[Releases]:
    database = Database(sqlite_url)
    yield Releases(database)
    await database.close()


@pytest.fixture
def deployment(tmp_path, releases):
    return Deployment(tmp_path, releases)


async def live(deployment):
    return (await deployment.releases.live()).names.get("answer")


async def test_a_better_candidate_goes_live_and_everything_is_recorded(deployment):
    outcome = await deployment.cycle().run()
    assert outcome.verdict is CycleStatus.PROMOTED
    release = await deployment.releases.get(outcome.release)
    assert release.dataset == deployment.built[0].id
    assert (release.base, release.parent) == ("smollm2", None)
    assert release.decision["verdict"] == "promote"
    assert release.decision["reasons"] == list(outcome.reasons)
    assert {row["system"] for row in release.decision["rows"]} == {release.id, "base"}
    assert release.decision["gains"][0]["token_f1"] == pytest.approx(0.1)
    active = await deployment.releases.live()
    assert active.names == {"rewrite": release.id, "answer": release.id}
    assert "above that of base" in active.reason
    assert deployment.shown == [(release.id, True)]


async def test_a_candidate_that_is_no_better_is_kept_and_stays_out(deployment):
    deployment.gain = 0
    outcome = await deployment.cycle().run()
    assert outcome.verdict is CycleStatus.REJECTED
    assert (await deployment.releases.get(outcome.release)).decision["verdict"] == "reject"
    assert await live(deployment) is None


async def test_the_next_candidate_starts_from_the_live_release_and_has_to_beat_it(deployment):
    first = await deployment.cycle().run()
    deployment.examples = 60
    second = await deployment.cycle().run()
    release = await deployment.releases.get(second.release)
    assert release.parent == first.release
    assert {row["against"] for row in release.decision["gains"]} == {first.release, "base"}
    assert await live(deployment) == second.release


async def test_the_same_log_is_not_learnt_from_twice(deployment):
    await deployment.cycle().run()
    again = await deployment.cycle(minimum=0).run()
    assert again.verdict is CycleStatus.SKIPPED
    assert "there is nothing new" in again.reasons[0]
    assert len(deployment.trained) == 1


async def test_a_log_that_was_rejected_is_not_tried_again(deployment):
    deployment.gain = 0
    await deployment.cycle().run()
    assert (await deployment.cycle().run()).verdict is CycleStatus.SKIPPED


async def test_too_little_new_is_waited_for(deployment):
    await deployment.cycle().run()
    deployment.examples = 39
    skipped = await deployment.cycle().run()
    assert skipped.reasons == ("There are 9 new examples; 10 are needed. Wait, or give a smaller --minimum.",)
    deployment.examples = 40
    assert (await deployment.cycle().run()).verdict is CycleStatus.PROMOTED


async def test_a_correction_of_what_was_known_is_new(deployment):
    await deployment.cycle().run()
    deployment.words = "What does the Wren cost?"
    assert (await deployment.cycle().run()).verdict is CycleStatus.PROMOTED


async def test_an_empty_log_is_no_failure(deployment):
    deployment.breaks["build"] = EmptyDataset(deployment.folder, {"no consent": 7})
    outcome = await deployment.cycle().run()
    assert outcome.verdict is CycleStatus.SKIPPED
    assert "no consent 7" in outcome.reasons[0]


@pytest.mark.parametrize(
    ("step", "called"),
    [
        ("build", "building the dataset"),
        ("train", "training"),
        ("compare", "evaluating"),
        ("show", "evaluating"),
    ],
)
async def test_a_step_that_fails_says_which_and_leaves_what_is_live(deployment, step, called):
    await deployment.cycle().run()
    former, deployment.examples = await live(deployment), 60
    deployment.breaks[step] = OSError(28, "No space left on device")
    with pytest.raises(StepFailed, match=f"(?s){called}: .*No space left.*Retrain again"):
        await deployment.cycle().run()
    assert await live(deployment) == former
    assert (await deployment.cycle().run()).verdict is CycleStatus.PROMOTED


@pytest.mark.parametrize("step", ["train", "compare", "show"])
async def test_a_cycle_that_was_killed_goes_on_with_its_dataset(deployment, step):
    deployment.breaks[step] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await deployment.cycle().run()
    deployment.examples = 60
    outcome = await deployment.cycle().run()
    assert outcome.verdict is CycleStatus.PROMOTED
    assert len(deployment.built) == 1
    assert set(deployment.trained) == {deployment.built[0].id}
    assert any("Continuing with dataset" in said for said in deployment.said)


async def test_a_dataset_that_fails_again_and_again_is_given_up(deployment):
    for _ in range(MAX_RESUMES):
        deployment.breaks["train"] = OSError("out of memory")
        with pytest.raises(StepFailed):
            await deployment.cycle().run()
    deployment.examples = 60
    assert (await deployment.cycle().run()).verdict is CycleStatus.PROMOTED
    assert len(deployment.built) == 2


async def test_a_damaged_note_is_no_note(deployment):
    (deployment.folder / "retraining.json").write_text('{"dataset":')
    assert (await deployment.cycle().run()).verdict is CycleStatus.PROMOTED


async def test_a_promotion_by_hand_during_the_evaluation_is_respected(deployment):
    cycle = deployment.cycle()

    async def interrupted(release, dataset, live):
        await deployment.releases.promote("shipped", "by hand")
        return await deployment.compare(release, dataset, live)

    with pytest.raises(StepFailed, match="went live in the meantime"):
        await replace(cycle, steps=replace(cycle.steps, compare=interrupted)).run()
    assert await live(deployment) == "shipped"
    assert (await deployment.cycle().run()).verdict is CycleStatus.PROMOTED
    assert len(deployment.built) == 1


@pytest.mark.parametrize("step", ["train", "compare"])
async def test_what_learnt_from_somebody_who_was_forgotten_meanwhile_never_goes_live(deployment, step):
    cycle = deployment.cycle()

    async def interrupted(*given):
        made = await getattr(deployment, step)(*given)
        (deployment.built[0].folder / "manifest.json").unlink()
        return made

    with pytest.raises(StepFailed, match="forgotten meanwhile"):
        await replace(cycle, steps=replace(cycle.steps, **{step: interrupted})).run()
    assert await live(deployment) is None
    assert not any(release.decision for release in await deployment.releases.list())
