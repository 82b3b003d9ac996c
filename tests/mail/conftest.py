"""A mail server of the test, and a ticket with a mailer that uses it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiosmtpd.smtp import SMTP

from activities.mail.relay import Relay
from domain.playbook import Playbook
from storage.blobs import Blobs
from storage.engine import Database
from tests.mail.post_office import Sink, World


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, Relay]]:
    kept = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(kept, hostname="sink", loop=loop), "127.0.0.1", 0)
    yield kept, Relay("127.0.0.1", server.sockets[0].getsockname()[1], security="none")
    server.close()


@pytest.fixture
async def world(database: Database, blobs: Blobs, playbook: Playbook, sink: tuple[Sink, Relay]) -> World:
    made = World(database, blobs, playbook, *sink)
    made.ticket = (await made.hear("m1")).ticket_id
    return made
