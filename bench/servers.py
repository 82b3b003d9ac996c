"""Servers of one measurement: a Temporal development server and a PostgreSQL, as `casework up` runs them, thrown away after."""

import asyncio
import contextlib
import re
import shutil
import socket
import tempfile
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from storage import migrate
from storage.engine import Database, open_database
from workers import embedded, readiness, temporal
from workers.supervisor import Part, Supervisor

_ACTION = re.compile(r'^action\{(?=[^}]*\bnamespace="default")[^}]*\baction_type="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
_STILL_SECONDS = 3.0
"""The counter lags by one or two seconds; unchanged for so long, it is settled."""

_NOT_COUNTED = "command_RecordMarker"
"""Single markers are not billed; `command_BatchMarkers` counts once for all markers of a workflow task."""


@dataclass(frozen=True)
class TemporalServer:
    """A running development server and a client with Casework's plugin. Nobody else works in its namespace."""

    client: Client
    address: str
    metrics_address: str
    process_id: int

    async def actions(self) -> Counter[str]:
        """What the server has counted as billed actions so far, by type, once the counter stands still."""
        loop = asyncio.get_running_loop()
        counted, since = await self._counted(), loop.time()
        while loop.time() - since < _STILL_SECONDS:
            await asyncio.sleep(0.5)
            again = await self._counted()
            if again != counted:
                counted, since = again, loop.time()
        return counted

    async def _counted(self) -> Counter[str]:
        text = await asyncio.to_thread(_read, self.metrics_address)
        counted: Counter[str] = Counter()
        for kind, value in _ACTION.findall(text):
            if not kind.startswith(_NOT_COUNTED):
                counted[kind] += int(float(value))
        return counted


def _read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


@contextlib.asynccontextmanager
async def temporal_server(dynamic: Mapping[str, int] | None = None, identity: str = "bench") -> AsyncIterator[TemporalServer]:
    """Starts a server with a database file of its own. `dynamic` are values of its dynamic configuration."""
    port, ui_port, metrics_port = _free_ports(3)
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    command = [
        *embedded.temporal_command(folder / "temporal.db", port, ui_port),
        *("--metrics-port", str(metrics_port)),
        *(part for name, value in (dynamic or {}).items() for part in ("--dynamic-config-value", f"{name}={value}")),
    ]
    address = f"127.0.0.1:{port}"
    supervisor = Supervisor(folder / "logs", lambda _: None)
    try:
        await supervisor.start(Part("temporal", command, readiness.temporal_serves(address)))
        client = await Client.connect(address, plugins=[temporal.plugin(watched=False)], identity=identity)
        metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        yield TemporalServer(client, address, metrics, supervisor.process_ids()["temporal"])
    finally:
        await supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def postgres_database() -> AsyncIterator[tuple[Database, Path]]:
    """A migrated database that flushes every commit, and a folder for blobs on the same disk."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    supervisor = Supervisor(folder / "logs", lambda _: None)
    try:
        server = await asyncio.to_thread(embedded.postgres_server, folder / "postgres")
        ready = readiness.postgres_accepts(server.url("postgres"))
        await supervisor.start(Part("postgres", server.command(), ready, user=server.user))
        await asyncio.to_thread(readiness.ensure_database, server.url("postgres"), embedded.DATABASE)
        await asyncio.to_thread(migrate.upgrade, server.url())
        database = open_database(server.url())
        try:
            yield database, folder
        finally:
            await database.close()
    finally:
        await supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
