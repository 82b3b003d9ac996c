"""How `up` sees that a part does its work: each function answers yes or no and never waits long."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from workers.errors import CommandError

ANSWER_SECONDS = 2.0

Check = Callable[[], Awaitable[bool]]


def http_answers(url: str) -> Check:
    """The address answers 200."""

    async def check() -> bool:
        import httpx

        try:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
                return (await client.get(url)).status_code == 200
        except httpx.HTTPError:
            return False

    return check


def smtp_greets(host: str, port: int) -> Check:
    """Somebody on the port says `220`."""

    async def check() -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
                greeting = await reader.readline()
                writer.close()
        except (OSError, TimeoutError):
            return False
        return greeting.startswith(b"220")

    return check


def file_exists(path: Path) -> Check:
    """The file a process writes when it is ready is there."""

    async def check() -> bool:
        return path.exists()

    return check


def postgres_accepts(url: str) -> Check:
    """The database server takes connections."""

    async def check() -> bool:
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(
                url.replace("postgresql+psycopg://", "postgresql://"), connect_timeout=int(ANSWER_SECONDS)
            )
        except psycopg.OperationalError:
            return False
        await connection.close()
        return True

    return check


def temporal_serves(target: str) -> Check:
    """The Temporal server knows its default namespace."""

    async def check() -> bool:
        from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
        from temporalio.client import Client
        from temporalio.service import RPCError

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                client = await Client.connect(target)
                await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
        except (RuntimeError, RPCError, TimeoutError):
            return False
        return True

    return check


def both(first: Check, second: Check) -> Check:
    """One part, two doors."""

    async def check() -> bool:
        return await first() and await second()

    return check


def ensure_database(url: str, name: str) -> None:
    """Makes the database `name` on a fresh server; `url` names another database of it."""
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if there is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise CommandError(f"the database {name} could not be made: {error}") from error
