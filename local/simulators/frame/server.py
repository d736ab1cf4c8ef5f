"""The web application of one simulator: control endpoints, the page, and everything else for the platform's API."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.simulators.frame.control import Control
from local.simulators.frame.courier import Courier
from local.simulators.frame.faults import Fault
from local.simulators.frame.page import Page
from local.simulators.frame.platform import Platform, Simulation
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["build_server"]

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_LARGEST_BODY_BYTES = 8 * 1024 * 1024

_log = logging.getLogger(__name__)


def build_server(simulation: Simulation, platform: Platform, *, retry_scale: float = 1.0) -> Starlette:
    """
    Put the simulator together.

    Args:
        retry_scale: factor for the pauses of the platform's retry schedule.
    """
    # trust_env: a proxy of the surroundings must never see callbacks to loopback.
    http = httpx.AsyncClient(trust_env=False, follow_redirects=False)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        courier = Courier(
            simulation.outbox,
            simulation.apps,
            simulation.clock,
            http,
            seal=platform.seal,
            accepts=platform.undelivered,
            schedule_s=platform.rules.retry_schedule_s,
            deadline_s=platform.rules.deadline_s,
            retry_scale=retry_scale,
        )
        delivering = asyncio.create_task(courier.run())
        try:
            yield
        finally:
            delivering.cancel()
            with suppress(asyncio.CancelledError):
                await delivering
            await http.aclose()
            simulation.store.close()

    async def api(request: Request) -> Response:
        return await _answer_api(request, simulation, platform)

    return Starlette(
        lifespan=lifespan,
        routes=[
            *Control(simulation, platform, http).routes(),
            *Page(simulation, platform).routes(),
            Mount("/ui/static", StaticFiles(directory=Path(__file__).parent / "static")),
            Route("/{path:path}", api, methods=_METHODS),
        ],
    )


async def _answer_api(request: Request, simulation: Simulation, platform: Platform) -> Response:
    started = time.perf_counter()
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=499)
    if body is None:
        return Response(status_code=413)
    call = ApiCall(
        method=request.method,
        path=request.url.path,
        headers=dict(request.headers),
        query=dict(request.query_params),
        body=body,
        client_ip=request.client.host if request.client else "",
    )
    fault = simulation.faults.take(call.method, call.path)
    if fault and fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    answer = _carry_out(call, fault, simulation, platform)
    ms = int((time.perf_counter() - started) * 1000)
    simulation.calls.record(call, answer, path=platform.shown_path(call.path), ms=ms, fault=fault is not None)
    simulation.outbox.on_change()
    return Response(answer.body, answer.status, {**answer.headers, "content-type": answer.content_type})


def _carry_out(call: ApiCall, fault: Fault | None, simulation: Simulation, platform: Platform) -> ApiAnswer:
    if fault and fault.answers and not fault.executed:
        return platform.fault_answer(fault)
    try:
        with simulation.store.transaction():
            answer = platform.handle(call)
    except Exception:  # noqa: BLE001 - the outermost edge: a bug of the simulator must look like one, and not stop it
        _log.exception("simulator failed on %s %s", call.method, platform.shown_path(call.path))
        return ApiAnswer(status=500, raw="the simulator failed; see its log", content_type="text/plain")
    return platform.fault_answer(fault) if fault and fault.answers else answer


async def _body(request: Request) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
