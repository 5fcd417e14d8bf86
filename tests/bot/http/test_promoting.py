"""Operators see the releases, promote one and roll back over HTTP."""

import pytest

from tests.bot.deployed_bot import asked_over_http, deployed
from tests.bot.fake_releases import fake_chat_model, released


@pytest.fixture
async def bot(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url, fake_chat_model) as loaded:
        yield loaded


@pytest.fixture
async def operator(bot):
    async with asked_over_http(bot) as client:
        yield client


async def test_nobody_promotes_without_the_token(bot):
    async with asked_over_http(bot, token=None) as unauthenticated:
        assert (await unauthenticated.get("/api/releases")).status_code == 401
        assert (await unauthenticated.post("/api/releases/base/promote")).status_code == 401
        assert (await unauthenticated.post("/api/releases/rollback")).status_code == 401


async def test_a_release_is_listed_promoted_and_rolled_back(bot, operator, tmp_path):
    boxed = await released(bot, tmp_path, "in its box")
    listed = (await operator.get("/api/releases")).json()
    assert [release["id"] for release in listed["releases"]] == [boxed.id]
    assert listed["live"]["names"] == {}

    promoted = await operator.post(f"/api/releases/{boxed.id}/promote", json={"reason": "it is better"})
    assert promoted.json()["names"] == {"rewrite": boxed.id, "answer": boxed.id}
    await bot.watcher.look()
    standing = (await operator.get("/api/releases")).json()
    assert (standing["here"], standing["trouble"]) == (boxed.id, "")
    assert standing["live"]["reason"] == "it is better"

    assert (await operator.post("/api/releases/rollback")).json()["names"] == {}


async def test_what_cannot_be_done_says_why(operator):
    unknown = await operator.post("/api/releases/r-0/promote")
    nothing = await operator.post("/api/releases/rollback")
    assert (unknown.status_code, nothing.status_code) == (404, 409)
    assert "no release 'r-0'" in unknown.json()["detail"]
    assert "nothing to roll back" in nothing.json()["detail"]
