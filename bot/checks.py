"""What a bot needs from around it, looked at without starting it: database, documents, weights, disk, Telegram, web.

Each check says in a sentence what is the case, or raises an error whose text names the remedy.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bot.errors import CheckFailed
from bot.index_summary import published_index
from bot.machine.facts import GB
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.store.database import driver_url
from dialogue.store.migrations import CONVERSATIONS, head, revision
from finetune.migrations import RELEASES

ROOM_GB = 0.5
"""The least room on the disk, for conversations, index and logs."""
HTTP_SECONDS = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


async def check_database(settings: Settings) -> str:
    """Whether it can be reached, and has this version's tables. Raises StoreUnavailable."""
    url = driver_url(settings.database)
    shown = url.render_as_string()
    if url.get_backend_name() == "sqlite" and url.database and not await _exists(url.database):
        return f"{shown} does not exist yet; the first start makes it."
    for migrations in (CONVERSATIONS, RELEASES):
        found = await revision(settings.database, migrations)
        if found is None:
            return f"{shown} answers and has no tables yet; the first start makes them."
        if found < head(migrations):
            return f"{shown} answers; the next start upgrades its tables from {found} to {head(migrations)}."
        if found > head(migrations):
            raise CheckFailed(
                f"{shown} is at {found}, which is newer than this program. Upgrade the program."
            )
    return f"{shown} answers, and its tables are up to date."


async def _exists(path: str | Path) -> bool:
    return await asyncio.to_thread(Path(path).exists)


async def check_documents(settings: Settings) -> str:
    """The newest index in DATA_DIR, or the folder that the first start will read."""
    return await asyncio.to_thread(_documents, settings)


def _documents(settings: Settings) -> str:
    if index := published_index(settings.data_dir):
        stage = "" if index.complete else "; their vectors are still being computed"
        return f"{index.documents} documents in {index.chunks} chunks, read {_time(index.id)}{stage}."
    if not settings.knowledge_dir.exists():
        raise CheckFailed(
            f"There is no {settings.knowledge_dir}. Set KNOWLEDGE_DIR to the folder of your documents."
        )
    return f"None read yet; the first start reads {settings.knowledge_dir}."


def _time(snapshot: str) -> str:
    """20261130T221305123456-... -> 2026-11-30 22:13 UTC"""
    return f"{snapshot[:4]}-{snapshot[4:6]}-{snapshot[6:8]} {snapshot[9:11]}:{snapshot[11:13]} UTC"


async def check_weights(settings: Settings) -> str:
    """Whether all weights are here that a start loads."""
    missing = await asyncio.to_thread(lambda: dict(missing_weights(settings)))
    if missing:
        size = sum(missing.values()) / 10**6
        raise CheckFailed(
            f"Not here yet: {', '.join(missing)} ({size:,.0f} MB). A start downloads them, as does "
            "`groundtalk models pull`; without a network, copy the folder from another machine."
        )
    here = settings.local_weights()
    return f"{', '.join(here)} {'is' if len(here) == 1 else 'are'} in {settings.weights_dir}."


async def check_reader(settings: Settings) -> str:
    """Whether the trained reader that READER asks for is here."""
    if not settings.reads:
        return "Off: passages are shown in the order of the search."
    if not await _exists(settings.reader_file):
        raise CheckFailed(
            f"READER={settings.reader}: {settings.reader_file} is not there. Name a file, or set it to off."
        )
    return f"{settings.reader_file} reads what the search finds."


def missing_weights(settings: Settings) -> Iterator[tuple[str, int]]:
    """The weights of the catalog that are not here, with their bytes; paths and hub ids are not checked."""
    weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    for name in settings.local_weights():
        entry = weights.catalog.get(name)
        if entry and not weights.is_cached(entry):
            yield name, entry.size


async def check_disk(settings: Settings) -> str:
    """Whether DATA_DIR can be written to, and there is room for it and for the weights that are missing."""
    return await asyncio.to_thread(_disk, settings)


def _disk(settings: Settings) -> str:
    folder, cache = existing(settings.data_dir), existing(settings.weights_dir)
    if not os.access(folder, os.W_OK):
        raise CheckFailed(f"{folder} cannot be written to. Change its owner, or set DATA_DIR.")
    needs = {folder: ROOM_GB, cache: ROOM_GB + 2 * sum(dict(missing_weights(settings)).values()) / GB}
    for path, needed in needs.items():
        if shutil.disk_usage(path).free / GB < needed:
            raise CheckFailed(
                f"Only {shutil.disk_usage(path).free / GB:.1f} GB are free in {path}, of {needed:.1f} that are needed. "
                "Free some space, or point DATA_DIR or WEIGHTS_DIR at a larger disk."
            )
    free = [f"{shutil.disk_usage(path).free / GB:.1f} GB free in {path}" for path in needs]
    return f"{', '.join(free)}."


def existing(path: Path) -> Path:
    """The folder, or the nearest one around it that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())


async def check_telegram(settings: Settings) -> str:
    """Whether the Bot API knows the token."""
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        return "Off; TELEGRAM_BOT_TOKEN turns it on."
    base = settings.telegram_api_base_url
    url = base.format(token=token) if "{token}" in base else f"{base}{token}"
    try:
        async with httpx.AsyncClient(timeout=HTTP_SECONDS) as client:
            reply = (await client.get(f"{url}/getMe")).json()
    except (httpx.HTTPError, ValueError) as error:
        raise CheckFailed(
            f"Telegram's Bot API cannot be reached ({type(error).__name__}). Check the network, the proxy and "
            "TELEGRAM_API_BASE_URL."
        ) from None
    if not reply.get("ok"):
        raise CheckFailed(
            f"Telegram refuses the token: {reply.get('description', 'no reason given')}. Correct TELEGRAM_BOT_TOKEN."
        )
    return f"Reachable, as @{reply['result'].get('username', '?')}."


async def check_web(settings: Settings) -> str:
    """Whether the address is free, or this bot serves there already."""
    host, port = EVERYWHERE.get(settings.host, settings.host), settings.port
    place = f"{settings.host}:{port}"
    try:
        async with httpx.AsyncClient(timeout=HTTP_SECONDS, trust_env=False) as client:
            body = (await client.get(f"http://{f'[{host}]' if ':' in host else host}:{port}/readyz")).json()
    except httpx.ConnectError:
        return await asyncio.to_thread(_free, settings.host, port)
    except (httpx.HTTPError, ValueError):
        body = None
    if not isinstance(body, dict) or "ready" not in body:
        raise CheckFailed(f"Another program answers on {place}. Stop it, or set PORT.")
    if not body["ready"]:
        raise CheckFailed(f"A bot serves on {place} and is not ready: {_troubles(body)}")
    return f"A bot serves on {place} and is ready."


def _troubles(body: dict[str, Any]) -> str:
    parts = {name: part for name, part in body.items() if isinstance(part, dict) and not part.get("ok")}
    return "; ".join(f"{name}: {part.get('reason')}" for name, part in parts.items())


def _free(host: str, port: int) -> str:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise CheckFailed(f"{host}:{port} cannot be used: {error.strerror}. Set HOST or PORT.") from None
    return f"{host}:{port} is free; no bot serves there now."
