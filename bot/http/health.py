"""Liveness, readiness and metrics: `/healthz`, `/readyz` and `/metrics`.

Readiness checks the database, the index, the engine and the active models, and says what is wrong with each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from bot.assembly import Runtime
from bot.errors import explain
from bot.ingest_status import searched_by
from dialogue.engines.process import ProcessChatModel
from dialogue.errors import EngineError

Check = Callable[[], Awaitable[str]]
"""Returns the state of a component, or raises the error that keeps it from working."""
CHECK_TIMEOUT = 5.0
"""Seconds that each check may take."""
NO_DOCUMENTS = "No documents have been read yet. Run `groundtalk ingest PATH` or set KNOWLEDGE_DIR."


@dataclass(frozen=True, slots=True)
class CheckResult:
    ok: bool
    reason: str


async def run_checks(checks: Mapping[str, Check], seconds: float = CHECK_TIMEOUT) -> dict[str, CheckResult]:
    """Run all checks at once. A check that fails or takes longer than `seconds` is not ok."""
    results = await asyncio.gather(*(_check_result(check, seconds) for check in checks.values()))
    return dict(zip(checks, results, strict=True))


async def _check_result(check: Check, seconds: float) -> CheckResult:
    try:
        async with asyncio.timeout(seconds):
            return CheckResult(True, await check())
    except TimeoutError:
        return CheckResult(False, f"no answer within {seconds:g} s")
    except Exception as error:
        return CheckResult(False, explain(error))


def database_check(bot: Runtime) -> Check:
    async def check() -> str:
        await bot.store.ping()
        return "answers"

    return check


def index_check(bot: Runtime) -> Check:
    async def check() -> str:
        if bot.watcher.models.collection is None:
            return "a retriever that was provided searches"
        snapshot = await asyncio.to_thread(bot.collection.latest)
        if snapshot is None:
            raise LookupError(NO_DOCUMENTS)
        held = f"{snapshot.manifest.chunks} chunks of {snapshot.manifest.documents} documents"
        return "; ".join(filter(None, (held, searched_by(snapshot.manifest), bot.monitor.status.words)))

    return check


def engine_check(bot: Runtime) -> Check:
    """Calls the engine only if its last answer failed, because a check must not slow down answers."""

    async def check() -> str:
        for engine in bot.watcher.models.engines:
            if isinstance(engine, ProcessChatModel) and engine.process.trouble:
                raise EngineError(engine.process.trouble)
        if bot.watch.failing:
            await bot.engine.ainvoke("Hello", max_tokens=1)
        return "answers" if bot.watch.answered else "loaded"

    return check


def release_check(bot: Runtime) -> Check:
    """Always ok: if the newest promotion cannot be loaded, the models before it keep answering."""

    async def check() -> str:
        trouble = bot.watcher.trouble
        problem = f"; promotion {bot.watcher.newest} cannot be loaded: {trouble}" if trouble else ""
        return f"{bot.watcher.models.name}{problem}"

    return check


def health_router(checks: Mapping[str, Check], metrics: Callable[[], Awaitable[bytes]]) -> APIRouter:
    """`metrics` returns the metrics in Prometheus' text format."""
    routes = APIRouter(tags=["observation"])

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """200 while the process is running."""
        return {"status": "ok"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        """200 if every component works, else 503; with the state of each component either way."""
        results = await run_checks(checks)
        ok = all(result.ok for result in results.values())
        body = {"ready": ok} | {name: asdict(result) for name, result in results.items()}
        return JSONResponse(body, 200 if ok else 503)

    @routes.get("/metrics")
    async def read_metrics() -> Response:
        return Response(await metrics(), media_type=CONTENT_TYPE_LATEST)

    return routes
