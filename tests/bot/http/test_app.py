"""The application as machines see it: alive, ready or why not, and numbers without words."""

import sqlite3
from contextlib import closing

import pytest

from bot.assembly import Runtime
from bot.http.health import NO_DOCUMENTS
from bot.metrics import EngineMonitor
from dialogue.errors import EngineError
from tests.bot.channels.bot_fixture import FakeChatModel
from tests.bot.deployed_bot import asked_over_http, deployed


@pytest.fixture
async def bot(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url) as loaded:
        yield loaded


@pytest.fixture
async def client(bot):
    async with asked_over_http(bot, token=None) as opened:
        yield opened


def read_documents(bot: Runtime) -> None:
    bot.collection.ingest(bot.settings.knowledge_dir)


async def test_a_process_that_runs_is_alive_even_if_it_is_not_ready(client):
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 503


async def test_without_documents_the_reason_names_the_remedy(client):
    body = (await client.get("/readyz")).json()
    assert body["ready"] is False
    assert body["index"] == {"ok": False, "reason": NO_DOCUMENTS}
    assert body["database"]["ok"]


async def test_with_everything_there_it_is_ready(bot, client):
    read_documents(bot)
    response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["index"]["reason"] == "1 chunks of 1 documents"


async def test_a_database_that_went_away_is_the_reason(bot, client):
    read_documents(bot)
    await bot.store.close()
    body = (await client.get("/readyz")).json()
    assert not body["database"]["ok"]
    assert body["index"]["ok"]


class Stubborn(FakeChatModel):
    """Fails while it is broken."""

    broken: bool = False

    async def _agenerate(self, *args, **options):
        if self.broken:
            raise EngineError("The model failed: out of memory.")
        return await super()._agenerate(*args, **options)


async def test_an_engine_that_failed_is_asked_again_until_it_answers(tmp_path, sqlite_url):
    async with (
        deployed(tmp_path, sqlite_url, lambda model: Stubborn()) as bot,
        asked_over_http(bot, token=None) as client,
    ):
        read_documents(bot)
        bot.engine.broken = True
        with pytest.raises(EngineError):
            await bot.engine.ainvoke("hello")
        body = (await client.get("/readyz")).json()
        assert body["engine"] == {"ok": False, "reason": "The model failed: out of memory."}
        bot.engine.broken = False
        assert (await client.get("/readyz")).json()["engine"] == {"ok": True, "reason": "answers"}


async def test_numbers_are_in_prometheus_format(bot, client):
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'groundtalk_waiting{what="turns"} 0.0' in response.text


async def test_a_database_that_cannot_be_read_is_503_not_500(bot, client, tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        database.execute("DROP TABLE feedback")
        database.execute("DROP TABLE outbox")
    response = await client.get("/metrics")
    assert response.status_code == 503
    assert "groundtalk db upgrade" in response.json()["detail"]


async def test_the_page_and_the_interface_description_are_served(client):
    assert "<!doctype html>" in (await client.get("/")).text.lower()
    assert "/api/conversations" in (await client.get("/openapi.json")).json()["paths"]
    assert (await client.get("/docs")).status_code == 200


async def test_a_cancelled_call_is_no_failure_of_the_engine(bot):
    watch = EngineMonitor(bot.metrics)
    await watch.on_llm_error(KeyboardInterrupt())
    assert not watch.failing
