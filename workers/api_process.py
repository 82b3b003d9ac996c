"""The API process: uvicorn and the background work beside it, stopped together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator

import uvicorn

from activities._kit.http import open_client
from workers import composition, lifecycle
from workers.errors import CommandError
from workers.settings import Settings

logger = logging.getLogger(__name__)

OPEN_STREAMS_SECONDS = 3
"""Live pages hold a connection open for ever; a stopping process waits this long for the others."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process has one place that listens to signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run_api(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises CommandError where the port cannot be had.
    """
    stop = lifecycle.stop_on_signals()
    async with composition.open_resources(settings) as resources, open_client() as http:
        server = _Server(
            uvicorn.Config(
                composition.api_application(resources, http),
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=OPEN_STREAMS_SECONDS,
                proxy_headers=True,
            )
        )
        async with lifecycle.running(composition.api_background(resources)) as background, _serving(server) as serving:
            await lifecycle.until_stopped(stop, [serving, *background])


@contextlib.asynccontextmanager
async def _serving(server: uvicorn.Server) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(_serve(server), name="HTTP server")
    try:
        yield task
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)


async def _serve(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn ends the interpreter where it cannot bind
        raise CommandError(
            f"cannot listen on {server.config.host}:{server.config.port}; stop what uses it or set CASEWORK_HTTP_PORT"
        ) from None
