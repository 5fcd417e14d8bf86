"""Whether this process can answer: the database, the index, the engine and the lineup, each with a reason."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.wiring import Bot

Check = Callable[[], Awaitable[str]]
"""Says how a part is, or raises what keeps it from working."""
PATIENCE = 5.0
"""Seconds that one check may take."""
EMPTY = "No document was read yet. Run `groundtalk ingest PATH` or set KNOWLEDGE_DIR."


@dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    reason: str


async def examine(checks: Mapping[str, Check]) -> dict[str, Finding]:
    """The findings by part. A part that fails or does not answer within PATIENCE is not ok."""
    findings = await asyncio.gather(*map(_finding, checks.values()))
    return dict(zip(checks, findings, strict=True))


async def _finding(check: Check) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            return Finding(True, await check())
    except TimeoutError:
        return Finding(False, f"no answer within {PATIENCE:g} s")
    except Exception as error:
        return Finding(False, str(error) or type(error).__name__)


def database_check(bot: Bot) -> Check:
    async def check() -> str:
        await bot.store.ping()
        return "answers"

    return check


def index_check(bot: Bot) -> Check:
    async def check() -> str:
        snapshot = await asyncio.to_thread(bot.collection.latest)
        if snapshot is None:
            raise LookupError(EMPTY)
        return f"{snapshot.manifest.chunks} chunks of {snapshot.manifest.documents} documents"

    return check


def engine_check(bot: Bot) -> Check:
    """Asks the engine for a word only when its last answer failed: a check must not slow people down."""

    async def check() -> str:
        if bot.watch.failing:
            await bot.engine.ainvoke("Hello", max_tokens=1)
        return "answers" if bot.watch.answered else "loaded"

    return check


def lineup_check(bot: Bot) -> Check:
    """Never a reason not to be ready: where the newest lineup cannot be loaded, the one before it answers."""

    async def check() -> str:
        trouble = bot.switch.trouble
        late = f"; promotion {bot.switch.newest} cannot be loaded: {trouble}" if trouble else ""
        return f"{bot.switch.team.name}{late}"

    return check
