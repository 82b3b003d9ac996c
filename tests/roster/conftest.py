"""The clients of the API's tests, and tickets that somebody owns."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from domain.messages import InboundMessage
from domain.playbook import Playbook
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import receive
from tests.api.conftest import admin, agent, app, browser, stranger  # noqa: F401  they are fixtures here too
from tests.api.world import message, show

Owned = Callable[..., Awaitable[UUID]]


@pytest.fixture
def owned(database: Database, blobs: Blobs, playbook: Playbook) -> Owned:
    """Makes a ticket that shows this owner, queue and status."""

    async def make(owner: str, queue: str, status: str = "open") -> UUID:
        words = {"subject": "A question", "text": "Good morning", "sender": {"email": f"{uuid4()}@example.com"}}
        arrived = InboundMessage.model_validate(message(**words) | {"received_at": "2026-03-02T08:00:00Z"})
        accepted = await receive(database, blobs, playbook, arrived)
        await show(database, accepted.ticket_id, owner=owner, queue=queue, status=status)
        return accepted.ticket_id

    return make
