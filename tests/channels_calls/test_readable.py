"""An answer that no documentation foresees stops the channel with words instead of losing a message."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from activities._kit.accounts import ThreeCxAccount
from activities._kit.errors import NeedsOperator
from activities.channels.threecx import ThreeCx
from domain.playbook import Playbook
from playbook.running import RunningPlaybook

LEG = {
    "SrcExternal": True,
    "SrcParticipantId": 1,
    "SegmentStartTime": "2026-03-04T09:00:00Z",
    "SegmentEndTime": "2026-03-04T09:01:00Z",
}


@pytest.mark.parametrize(
    "answer",
    [{}, [], {"value": [{"SrcExternal": True}]}, {"value": [{**LEG, "SegmentStartTime": "yesterday"}]}, {"value": None}],
)
async def test_it_needs_somebody(answer: Any, playbook: Playbook) -> None:
    def provider(request: httpx.Request) -> httpx.Response:
        token = request.url.path == "/connect/token"
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600} if token else answer)

    account = ThreeCxAccount(api="http://pbx.example", client_id="a", client_secret="b", store="northwind-tools")
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as client:
        adapter = ThreeCx("pbx", account, RunningPlaybook(playbook), client, lambda: datetime(2026, 3, 4, 10, tzinfo=UTC))
        with pytest.raises(NeedsOperator, match="3CX answered something that cannot be read"):
            await adapter.poll(None)
