"""Whether this process can answer: the database, the index, the engine and the active models, each with a reason."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from bot.assembly import Runtime
from bot.errors import explain

Check = Callable[[], Awaitable[str]]
"""Says how a part is, or raises what keeps it from working."""
CHECK_TIMEOUT = 5.0
"""Seconds that one check may take."""
EMPTY = "No document was read yet. Run `groundtalk ingest PATH` or set KNOWLEDGE_DIR."


@dataclass(frozen=True, slots=True)
class CheckResult:
    ok: bool
    reason: str


async def run_checks(checks: Mapping[str, Check]) -> dict[str, CheckResult]:
    """The findings by part. A part that fails or does not answer within PATIENCE is not ok."""
    findings = await asyncio.gather(*map(_check_result, checks.values()))
    return dict(zip(checks, findings, strict=True))


async def _check_result(check: Check) -> CheckResult:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            return CheckResult(True, await check())
    except TimeoutError:
        return CheckResult(False, f"no answer within {CHECK_TIMEOUT:g} s")
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
            raise LookupError(EMPTY)
        return f"{snapshot.manifest.chunks} chunks of {snapshot.manifest.documents} documents"

    return check


def engine_check(bot: Runtime) -> Check:
    """Asks the engine for a word only when its last answer failed: a check must not slow people down."""

    async def check() -> str:
        if bot.watch.failing:
            await bot.engine.ainvoke("Hello", max_tokens=1)
        return "answers" if bot.watch.answered else "loaded"

    return check


def release_check(bot: Runtime) -> Check:
    """Never a reason not to be ready: where the newest active models cannot be loaded, the one before it answers."""

    async def check() -> str:
        trouble = bot.watcher.trouble
        late = f"; promotion {bot.watcher.newest} cannot be loaded: {trouble}" if trouble else ""
        return f"{bot.watcher.models.name}{late}"

    return check


def health_router(checks: Mapping[str, Check], numbers: Callable[[], Awaitable[bytes]]) -> APIRouter:
    """`numbers` gives the metrics in Prometheus' text format."""
    routes = APIRouter(tags=["observation"])

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        """200 if every part works, else 503; the reason of each part either way."""
        findings = await run_checks(checks)
        ok = all(finding.ok for finding in findings.values())
        body = {"ready": ok} | {part: asdict(finding) for part, finding in findings.items()}
        return JSONResponse(body, 200 if ok else 503)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(await numbers(), media_type=CONTENT_TYPE_LATEST)

    return routes
