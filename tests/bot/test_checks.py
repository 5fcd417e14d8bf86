"""Each check against something real: a file, a socket, an HTTP server; what is wrong is said with its remedy."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from bot.checks import (
    check_database,
    check_disk,
    check_documents,
    check_reader,
    check_telegram,
    check_web,
    check_weights,
)
from bot.errors import CheckFailed
from bot.settings import Settings
from dialogue.errors import StoreUnavailable
from finetune.migrations import upgrade

TOKEN = "123456:secret-of-the-bot"


def settings(folder, **given) -> Settings:
    apart = {"data_dir": folder / "var", "weights_dir": folder / "weights", "knowledge_dir": folder}
    return Settings(_env_file=None, **(apart | given))


@contextmanager
def serving(body: object, status: int = 200) -> Iterator[int]:
    """A server on a free port that gives the same answer to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *given: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_database_that_is_not_there_yet_is_no_problem_and_is_not_made(tmp_path):
    assert "the first start makes it" in await check_database(settings(tmp_path))
    assert not (tmp_path / "var").exists()


async def test_a_database_that_is_up_to_date(tmp_path):
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    await upgrade(url)
    assert (await check_database(settings(tmp_path, database_url=url))).endswith("its tables are up to date.")


async def test_a_database_without_tables(tmp_path):
    (tmp_path / "bot.db").touch()
    said = await check_database(settings(tmp_path, database_url=f"sqlite:///{tmp_path / 'bot.db'}"))
    assert "no tables yet" in said


async def test_a_database_that_is_down_names_the_remedy(tmp_path, free_port):
    url = f"postgresql://me:hunter2@127.0.0.1:{free_port}/bot"
    with pytest.raises(StoreUnavailable, match="failed") as raised:
        await check_database(settings(tmp_path, database_url=url))
    assert "hunter2" not in str(raised.value)


async def test_documents_are_counted_or_awaited(tmp_path):
    assert "the first start reads" in await check_documents(settings(tmp_path))
    snapshot = tmp_path / "var" / "index" / "snapshots" / "20261130T221305123456-0a"
    snapshot.mkdir(parents=True)
    manifest = {"id": snapshot.name, "encoder": "0123", "documents": 3, "chunks": 40}
    (snapshot / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "var" / "index" / "CURRENT").write_text(snapshot.name)
    assert await check_documents(settings(tmp_path)) == "3 documents in 40 chunks, read 2026-11-30 22:13 UTC."
    (snapshot / "manifest.json").write_text(json.dumps(manifest | {"stage": 1, "stages": 2}))
    assert "still being computed" in await check_documents(settings(tmp_path))


async def test_a_folder_of_documents_that_is_not_there_is_a_problem(tmp_path):
    with pytest.raises(CheckFailed, match="KNOWLEDGE_DIR"):
        await check_documents(settings(tmp_path, knowledge_dir=tmp_path / "none"))


async def test_missing_weights_are_named_with_the_command_that_fetches_them(tmp_path):
    with pytest.raises(CheckFailed, match=r"qwen2\.5-coder-1\.5b-instruct.*models pull"):
        await check_weights(settings(tmp_path))


async def test_a_model_elsewhere_needs_no_weights_here(tmp_path):
    apart = settings(tmp_path, engine="openai", encoder="universal-sentence-encoder-multilingual")
    assert "universal-sentence-encoder-multilingual is in" in await check_weights(apart)


async def test_room_and_right_to_write(tmp_path):
    apart = settings(tmp_path, engine="openai", encoder="universal-sentence-encoder-multilingual")
    assert "GB free" in await check_disk(apart)


async def test_without_a_token_telegram_is_off(tmp_path):
    assert (await check_telegram(settings(tmp_path))).startswith("Off")


async def test_telegram_knows_the_token(tmp_path):
    with serving({"ok": True, "result": {"username": "helpful_bot"}}) as port:
        apart = settings(
            tmp_path, telegram_bot_token=TOKEN, telegram_api_base_url=f"http://127.0.0.1:{port}/bot"
        )
        assert await check_telegram(apart) == "Reachable, as @helpful_bot."


async def test_telegram_refuses_the_token(tmp_path):
    with serving({"ok": False, "description": "Unauthorized"}, 401) as port:
        apart = settings(
            tmp_path, telegram_bot_token=TOKEN, telegram_api_base_url=f"http://127.0.0.1:{port}/bot"
        )
        with pytest.raises(CheckFailed, match=r"Unauthorized\. Correct TELEGRAM_BOT_TOKEN"):
            await check_telegram(apart)


async def test_telegram_cannot_be_reached_and_the_token_is_not_printed(tmp_path, free_port):
    apart = settings(
        tmp_path, telegram_bot_token=TOKEN, telegram_api_base_url=f"http://127.0.0.1:{free_port}/bot"
    )
    with pytest.raises(CheckFailed, match="cannot be reached") as raised:
        await check_telegram(apart)
    assert TOKEN not in str(raised.value)


async def test_a_free_port(tmp_path, free_port):
    assert (await check_web(settings(tmp_path, port=free_port))).endswith("is free; no bot serves there now.")


async def test_our_server_that_is_ready(tmp_path):
    with serving({"ready": True}) as port:
        assert (await check_web(settings(tmp_path, port=port))).endswith("and is ready.")


async def test_our_server_that_is_not_ready_says_why(tmp_path):
    body = {"ready": False, "database": {"ok": False, "reason": "no answer"}, "engine": {"ok": True}}
    with serving(body, 503) as port, pytest.raises(CheckFailed, match=r"not ready: database: no answer$"):
        await check_web(settings(tmp_path, port=port))


@pytest.mark.parametrize("body", ["hello", {"status": "ok"}, [1]])
async def test_another_program_on_the_port(tmp_path, body):
    with serving(body) as port, pytest.raises(CheckFailed, match="Another program answers"):
        await check_web(settings(tmp_path, port=port))


async def test_an_address_of_another_machine_cannot_be_used(tmp_path, free_port):
    with pytest.raises(CheckFailed, match="Set HOST or PORT"):
        await check_web(settings(tmp_path, host="192.0.2.1", port=free_port))


async def test_the_reader_is_off_or_its_file_is_named(tmp_path):
    assert (await check_reader(settings(tmp_path))).startswith("Off")
    file = tmp_path / "reader.safetensors"
    with pytest.raises(CheckFailed, match=r"reader\.safetensors is not there"):
        await check_reader(settings(tmp_path, reader=str(file)))
    file.touch()
    assert str(file) in await check_reader(settings(tmp_path, reader=str(file)))
