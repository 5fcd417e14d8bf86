"""Releases are kept whole, and which of them are live is one row that everybody reads: on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from dialogue.store.database import Database, now
from finetune import schema
from finetune.errors import BadRelease, LiveChanged, NothingToRollBack, UnknownRelease
from finetune.release import PART_SIZE, ActiveModels, Release
from finetune.releases import Releases

QWEN = "qwen2.5-coder-0.5b-instruct"


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    opened = Database(store_url)
    yield opened
    await opened.close()


@pytest.fixture
def releases(database: Database) -> Releases:
    return Releases(database)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """What a run has made: one file of more than one part, one empty, one in a folder."""
    folder = tmp_path / "artifact"
    (folder / "encoder").mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(bytes(range(256)) * (PART_SIZE // 200))
    (folder / "card.md").touch()
    (folder / "encoder" / "config.json").write_text("{}")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


async def added(releases: Releases, folder: Path, words: str, *tasks: str, **given: str) -> Release:
    (folder / "card.md").write_text(words)
    return await releases.add(folder, tasks=tasks or ("rewrite", "answer"), base=QWEN, **given)


async def test_what_was_added_is_there_with_all_that_is_said_about_it(releases, artifact):
    made = await releases.add(
        artifact, tasks=["answer", "rewrite"], base=QWEN, dataset="d-1", metrics={"rouge_l": 0.5}
    )

    assert await releases.get(made.id) == made
    assert (made.tasks, made.base, made.dataset) == (("rewrite", "answer"), QWEN, "d-1")
    assert (made.metrics, made.decision, made.parent) == ({"rouge_l": 0.5}, None, None)
    assert made.size == sum(map(len, contents(artifact).values()))


async def test_files_come_back_as_they_were_on_every_replica(releases, artifact, tmp_path):
    made = await added(releases, artifact, "a card")

    fetched = await releases.fetch(made.id, tmp_path / "replica" / made.id)

    assert contents(fetched) == contents(artifact)
    assert await releases.fetch(made.id, fetched) == fetched


async def test_replicas_that_share_a_folder_may_fetch_at_once(releases, artifact, tmp_path):
    made = await added(releases, artifact, "a card")
    shared = tmp_path / "replica" / made.id

    await asyncio.gather(*(releases.fetch(made.id, shared) for _ in range(3)))

    assert contents(shared) == contents(artifact)
    assert list(shared.parent.iterdir()) == [shared]


async def test_the_same_again_is_the_same_release(releases, artifact):
    first = await added(releases, artifact, "a card")
    again = await added(releases, artifact, "a card")
    other = await added(releases, artifact, "another card")
    for_one_task = await added(releases, artifact, "a card", "rewrite")

    assert again == first
    assert len({first.id, other.id, for_one_task.id}) == 3
    assert {release.id for release in await releases.list()} == {first.id, other.id, for_one_task.id}


async def test_a_graph_that_a_machine_converted_for_itself_is_left_out(releases, artifact):
    (artifact / "encoder" / "openvino").mkdir()
    (artifact / "encoder" / "openvino" / "graph.bin").write_text("for this processor")

    assert "encoder/openvino/graph.bin" not in (await added(releases, artifact, "a card")).files


async def test_an_empty_folder_is_no_release(releases, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadRelease, match="holds no files"):
        await releases.add(tmp_path / "empty", tasks=["answer"], base=QWEN)


async def test_a_damaged_file_is_refused_and_leaves_nothing_behind(releases, artifact, tmp_path, database):
    made = await added(releases, artifact, "a card")
    table = schema.release_file
    damage = update(table).where(table.c.name == "card.md").values(bytes=b"a cart")
    await database.write(lambda c: c.execute(damage).rowcount)

    with pytest.raises(BadRelease, match=r"card\.md is damaged"):
        await releases.fetch(made.id, tmp_path / "replica" / made.id)

    assert list((tmp_path / "replica").iterdir()) == []


async def test_a_file_of_which_a_part_is_missing_is_refused(releases, artifact, tmp_path, database):
    made = await added(releases, artifact, "a card")
    await database.write(
        lambda c: c.execute(delete(schema.release_file).where(schema.release_file.c.part == 1)).rowcount
    )
    with pytest.raises(BadRelease, match=r"adapter_model\.safetensors is damaged"):
        await releases.fetch(made.id, tmp_path / made.id)


async def test_a_file_cannot_be_written_outside_its_folder(releases, tmp_path, database):
    file = {"sha256": "", "size": 0}
    row = {
        "id": "r-evil",
        "tasks": ["answer"],
        "base": QWEN,
        "metrics": {},
        "manifest": {"files": {"../../evil": file}},
        "created_at": now(),
    }
    await database.write(lambda c: c.execute(insert(schema.release).values(row)).rowcount)
    with pytest.raises(BadRelease, match="leads out"):
        await releases.fetch("r-evil", tmp_path / "replica" / "r-evil")
    assert not (tmp_path / "evil").exists()


async def test_the_gates_word_is_kept(releases, artifact):
    made = await added(releases, artifact, "a card")
    verdict = {"verdict": "reject", "reasons": ["slower"]}

    assert (await releases.judge(made.id, verdict, await releases.live())).decision == verdict
    assert (await releases.get(made.id)).decision == verdict


async def test_the_gates_word_and_the_promotion_are_one(releases, artifact):
    made, seen = await added(releases, artifact, "a card"), await releases.live()
    await releases.judge(made.id, {"verdict": "promote"}, seen, "better")
    assert set((await releases.live()).names.values()) == {made.id}

    with pytest.raises(LiveChanged):
        await releases.judge(made.id, {"verdict": "reject"}, seen)
    assert (await releases.get(made.id)).decision == {"verdict": "promote"}


async def test_unknown_releases_are_named(releases, artifact):
    for call in (releases.get("r-0"), releases.promote("r-0"), releases.judge("r-0", {}, ActiveModels())):
        with pytest.raises(UnknownRelease, match=r"'r-0'.*Name one"):
            await call
    with pytest.raises(UnknownRelease):
        await added(releases, artifact, "a card", parent="r-0")


async def test_before_the_first_promotion_everything_is_as_it_comes(releases):
    assert await releases.live() == ActiveModels()
    with pytest.raises(NothingToRollBack):
        await releases.rollback()


async def test_a_promotion_gives_a_release_its_tasks_and_no_others(releases, artifact):
    both = await added(releases, artifact, "both")
    one = await added(releases, artifact, "one", "rewrite")

    await releases.promote(both.id, "better answers")
    active = await releases.promote(one.id, "better rewrites")

    assert active == await releases.live()
    assert active.names == {"rewrite": one.id, "answer": both.id}
    assert (active.number, active.reason, set(active.releases)) == (2, "better rewrites", {one.id, both.id})


async def test_rolling_back_goes_back_step_by_step(releases, artifact):
    first = await added(releases, artifact, "first")
    second = await added(releases, artifact, "second")
    await releases.promote(first.id)
    await releases.promote(second.id)

    assert (await releases.rollback("it was slower")).names == {"rewrite": first.id, "answer": first.id}
    assert (await releases.live()).number == 3
    assert (await releases.rollback()).names == {}
    with pytest.raises(NothingToRollBack):
        await releases.rollback()

    await releases.promote(second.id)
    assert (await releases.rollback()).names == {}


async def test_the_weights_as_they_come_can_be_promoted_too(releases, artifact):
    await releases.promote((await added(releases, artifact, "a card")).id)

    assert (await releases.promote("shipped")).names == {"rewrite": "shipped", "answer": "shipped"}
    assert (await releases.promote("base")).names == dict.fromkeys(("rewrite", "answer", "retrieve"), "base")
    assert (await releases.live()).releases == set()


async def test_promotions_at_once_queue_up(releases, artifact, store_url):
    made = [await added(releases, artifact, f"card {n}") for n in range(3)]
    others = [Database(store_url) for _ in made]

    states = await asyncio.gather(
        *(Releases(other).promote(release.id) for other, release in zip(others, made, strict=True))
    )

    assert sorted(active.number for active in states) == [1, 2, 3]
    for other in others:
        await other.close()


async def test_who_learnt_from_a_dataset_is_known_down_to_the_grandchildren(releases, artifact):
    parent = await added(releases, artifact, "parent", dataset="d-1")
    child = await added(releases, artifact, "child", dataset="d-2", parent=parent.id)
    grandchild = await added(releases, artifact, "grandchild", dataset="d-3", parent=child.id)
    await added(releases, artifact, "stranger", dataset="d-3")

    assert await releases.trained_on(["d-1"]) == [parent.id, child.id, grandchild.id]
    assert await releases.trained_on(["d-9"]) == []
