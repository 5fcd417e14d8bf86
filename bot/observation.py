"""What machines ask: `/healthz` (alive), `/readyz` (can answer, and if not why not) and `/metrics`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from bot.health import Check, examine


def router(checks: Mapping[str, Check], numbers: Callable[[], Awaitable[bytes]]) -> APIRouter:
    """`numbers` gives the metrics in Prometheus' text format."""
    routes = APIRouter(tags=["observation"])

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        """200 if every part works, else 503; the reason of each part either way."""
        findings = await examine(checks)
        ok = all(finding.ok for finding in findings.values())
        body = {"ready": ok} | {part: asdict(finding) for part, finding in findings.items()}
        return JSONResponse(body, 200 if ok else 503)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(await numbers(), media_type=CONTENT_TYPE_LATEST)

    return routes
