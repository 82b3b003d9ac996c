"""Who may come in by the chat: listed sites, with a token that is good there, and not too often."""

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sql
from fastapi import FastAPI
from pydantic import ValidationError

from api.chat.door import ChatDoor
from api.chat.rates import Rate, network
from api.chat.routes import desk_hours
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.chat import ChatSession
from storage.door_tables import chat_sessions
from storage.engine import Database
from storage.secrets import secret
from tests.api.world import STORE
from tests.chat.conftest import OPTIONS, ORIGIN, Visitor, rows, visiting

FOREIGN = "https://evil.example"


async def _sessions(database: Database) -> int:
    async with database.begin() as connection:
        return await connection.scalar(sql.select(sql.func.count()).select_from(chat_sessions)) or 0


async def test_a_session_says_who_is_there_and_is_renewed(visitor: Visitor, database: Database) -> None:
    first = visitor.session
    await visitor.write("Hello")
    answer = await visitor.enter(order=None, page=f"{ORIGIN}/landing")
    assert answer.status_code == 200
    assert visitor.session == first
    assert answer.json()["title"] == "Northwind Tools"
    assert answer.json()["begun"] is True
    assert await _sessions(database) == 1


@pytest.mark.parametrize(
    "origin", [FOREIGN, "", "null", f"{ORIGIN}:8443", ORIGIN.replace("https", "http"), f"{ORIGIN}.evil.example"]
)
async def test_a_foreign_site_gets_nothing(app: FastAPI, database: Database, origin: str) -> None:
    async with visiting(app) as stranger:
        stranger.headers = {"Origin": origin}
        answer = await stranger.enter()
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert await _sessions(database) == 0


async def test_a_site_of_one_store_cannot_speak_for_another(app: FastAPI, database: Database) -> None:
    async with visiting(app) as stranger:
        assert (await stranger.enter(store="casa-lumen")).status_code == 403
        assert (await stranger.enter(store="nowhere")).status_code == 422
    assert await _sessions(database) == 0


async def test_only_listed_sites_may_ask_before_they_send(visitor: Visitor) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,last-event-id",
    }
    answer = await visitor.client.options("/chat/messages", headers={"Origin": ORIGIN} | asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "access-control-allow-credentials" not in answer.headers
    answer = await visitor.client.options("/chat/messages", headers={"Origin": FOREIGN} | asked)
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
    answer = await visitor.client.options("/api/v1/messages", headers={"Origin": ORIGIN} | asked)
    assert "access-control-allow-origin" not in answer.headers, "the agents' API is open to no other site"


async def test_failures_can_be_read_by_the_page(visitor: Visitor) -> None:
    for answer in (await visitor.write(""), await visitor.write("x" * 70_000)):
        assert answer.status_code in (413, 422)
        assert answer.headers["access-control-allow-origin"] == ORIGIN


async def test_a_token_that_is_not_good_changes_nothing(visitor: Visitor, app: FastAPI, database: Database) -> None:
    good = visitor.token
    identity, expires, seal = good.split(".")
    past = int(time.time()) - 1
    async with database.begin() as connection:
        key = await secret(connection, "chat")
    digest = hmac.digest(key, f"{identity}\n{past}\n{ORIGIN}".encode(), hashlib.sha256)
    expired = f"{identity}.{past}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    wrong = ["", "x", good[:-1], f"{uuid4()}.{expires}.{seal}", f"{identity}.{int(expires) + 1}.{seal}", expired, "..", "é.1.ü"]
    for token in wrong:
        visitor.token = token
        assert (
            await visitor.client.post("/chat/messages", json={"id": str(uuid4()), "text": "x"}, headers=_bearer(token))
        ).status_code == 401
        assert (await visitor.client.get("/chat/events", headers=_bearer(token))).status_code == 401
    visitor.token, visitor.headers = good, {"Origin": "https://casa-lumen.example"}
    assert (await visitor.write("from another listed site")).status_code == 401
    visitor.headers = {"Origin": FOREIGN}
    assert (await visitor.write("from a site that is not listed")).status_code == 403
    visitor.headers = {}
    assert (await visitor.write("from no page at all")).status_code == 403
    assert await rows(database) == []


def _bearer(token: str) -> dict[str, Any]:
    return {"Origin": ORIGIN, "Authorization": f"Bearer {token}".encode()}


async def test_a_token_ends_with_its_session(visitor: Visitor, database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(sql.delete(chat_sessions))
    assert (await visitor.write("Hello")).status_code == 401


async def test_tokens_hold_in_another_process(visitor: Visitor, playbook: Playbook, database: Database) -> None:
    other = ChatDoor(RunningPlaybook(playbook), OPTIONS)
    async with database.begin() as connection:
        found = await other.session(connection, visitor.token, ORIGIN)
    assert isinstance(found, ChatSession)
    assert (str(found.id), found.order_id, found.language) == (visitor.session, "10452", "de")


async def test_twenty_messages_a_minute(visitor: Visitor, database: Database) -> None:
    for number in range(20):
        assert (await visitor.write(f"message {number}")).status_code == 202
    answer = await visitor.write("one more")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert answer.headers["retry-after"] in answer.json()["detail"]
    assert len(await rows(database)) == 20


async def test_an_address_cannot_go_on_under_new_sessions(app: FastAPI) -> None:
    async with visiting(app) as flood, visiting(app, "203.0.113.8") as other:
        statuses = [(await flood.enter()).status_code for _ in range(122)]
        assert statuses == [201] + [200] * 119 + [429] * 2
        assert (await other.enter()).status_code == 201


def test_a_rate_counts_minutes_and_days() -> None:
    now = 0.0
    rate = Rate(2, 5, lambda: now)
    assert [rate.take("a"), rate.take("a"), rate.take("b")] == [0, 0, 0]
    assert rate.take("a") == 60
    now = 60.0
    assert [rate.take("a"), rate.take("a"), rate.take("a")] == [0, 0, 60]
    now = 120.0
    assert [rate.take("a"), rate.take("a")] == [0, 86_400 - 120]
    now = 86_400.0
    assert [rate.take("a"), rate.take("a"), rate.take("a")] == [0, 0, 60]


def test_an_address_is_counted_by_its_network() -> None:
    assert network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::") != network("2001:db8:1:3::")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") != network("192.0.2.2")
    assert network("testclient") == "testclient"


def test_the_desk_keeps_the_hours_of_the_playbook(playbook: Playbook) -> None:
    saturday, monday = datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert desk_hours(playbook, STORE, saturday) == (False, monday)
    assert desk_hours(playbook, STORE, monday) == (True, None)
    closing = datetime(2026, 3, 9, 17, tzinfo=UTC)
    assert desk_hours(playbook, STORE, closing)[0] is False
    christmas, after = datetime(2026, 12, 25, 12, tzinfo=UTC), datetime(2026, 12, 28, 7, tzinfo=UTC)
    assert desk_hours(playbook, STORE, christmas) == (False, after)


@pytest.mark.parametrize(
    "wrong",
    [
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://Shop.example",
        "https://shop.example:443",
        "ftp://x",
        "*",
        "https://a@b",
    ],
)
def test_an_origin_is_written_as_browsers_send_it(playbook: Playbook, wrong: str) -> None:
    store = playbook.stores[STORE]
    with pytest.raises(ValidationError):
        type(store).model_validate(store.model_dump() | {"chat_origins": [wrong]})


async def test_everybody_gets_the_same_secret(database: Database) -> None:
    async with database.begin() as one:
        first = await secret(one, "a")
    async with database.begin() as one:
        assert await secret(one, "a") == first != await secret(one, "b")
    assert len(first) == 32
