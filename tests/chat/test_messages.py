"""What a visitor writes is in one thread, once; what we answer reaches their page, or their mailbox."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sql
from fastapi import FastAPI

from activities._kit.errors import Rejected
from activities.channels.chat import ChatAdapter, find_mail_fallback
from activities.channels.port import Outbound
from api.chat.stream import ConversationStream
from domain.messages import DeliveryState, Sender
from storage import chat
from storage.door_tables import chat_sessions
from storage.engine import Database
from storage.tables import cases, messages
from tests.api.world import STORE, show
from tests.chat.conftest import ORDER, Visitor, answer, rows, told

EMAIL = "emma.hartley@brightwell-construction.example"


async def _session(database: Database, visitor: Visitor) -> chat.ChatSession:
    async with database.begin() as connection:
        found = await chat.find(connection, UUID(visitor.session))
    assert found is not None
    return found


def _stream(app: FastAPI, session: chat.ChatSession, last: str | None = None) -> ConversationStream:
    return ConversationStream(app.state.services, session, last, life=30)


async def _next(events: AsyncIterator[str]) -> str:
    async with asyncio.timeout(10):
        while (event := await anext(events)).startswith((":", "retry")):
            continue
    return event


async def test_a_message_is_accepted_once_with_all_it_says(visitor: Visitor, database: Database) -> None:
    identity = uuid4()
    more = {"name": " Emma Hartley ", "email": EMAIL}
    assert (await visitor.write("Where is the rest?", identity, **more)).status_code == 202
    assert (await visitor.write("Where is the rest?", identity, **more)).status_code == 200
    assert (await visitor.write("And when?")).status_code == 202
    first, second = await rows(database)
    assert (first.channel, first.provider, first.account, first.store) == ("chat", "chat", STORE, STORE)
    assert first.conversation == second.conversation == visitor.session
    assert first.external_id == f"{visitor.session}:{identity}"
    assert first.named == [{"kind": "order", "value": ORDER}]
    assert first.sender == second.sender == {"email": EMAIL, "name": "Emma Hartley"}


async def test_the_same_message_at_the_same_moment_is_one(visitor: Visitor, database: Database) -> None:
    identity = uuid4()
    answers = await asyncio.gather(*(visitor.write("Hello", identity) for _ in range(8)))
    assert sorted(found.status_code for found in answers) == [200] * 7 + [202]
    assert len(await rows(database)) == 1


async def test_two_visitors_may_use_the_same_id(visitor: Visitor, app: FastAPI, database: Database) -> None:
    identity = uuid4()
    other = Visitor(visitor.client)
    await other.enter(order=None)
    assert [(await who.write("Hello", identity)).status_code for who in (visitor, other)] == [202, 202]
    assert {row.conversation: row.named for row in await rows(database)} == {
        visitor.session: [{"kind": "order", "value": ORDER}],
        other.session: [],
    }


async def test_the_order_is_that_of_the_page_the_message_was_written_on(visitor: Visitor, database: Database) -> None:
    await visitor.write("And this one?", order="10460")
    assert (await rows(database))[0].named == [{"kind": "order", "value": "10460"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": " \n\t"},
        {"text": "x" * 4_001},
        {"id": "1"},
        {"email": "a@b"},
        {"email": "a@b.example\r\nBcc: c@d.example"},
        {"email": "<a@b.example>"},
        {"order": "10452; drop"},
        {"name": "n" * 121},
        {"unknown": 1},
    ],
)
async def test_bad_input_is_refused_in_words(visitor: Visitor, database: Database, wrong: dict[str, object]) -> None:
    body = {"id": str(uuid4()), "text": "Hello"} | wrong
    headers = {"Origin": visitor.headers["Origin"], "Authorization": f"Bearer {visitor.token}"}
    refused = await visitor.client.post("/chat/messages", json=body, headers=headers)
    assert refused.status_code == 422
    assert next(iter(wrong)) in refused.json()["detail"]
    assert await rows(database) == []


async def test_what_cannot_be_stored_is_stored_without_it(visitor: Visitor, database: Database) -> None:
    assert (await visitor.write("a\x00b <img src=x onerror=alert(1)> 👍 订单")).status_code == 202
    assert (await rows(database))[0].text == "ab <img src=x onerror=alert(1)> 👍 订单"
    assert (await visitor.write("x" * 4_000)).status_code == 202


@pytest.mark.parametrize("field", ["text", "name", "email", "order", "id", "unknown"])
async def test_nothing_a_page_may_send_breaks_it(visitor: Visitor, field: str) -> None:
    for odd in ("\\u0000", "\\ud800", "a\\u0000b", "\\u202e\\u200b", "\\ud83d", "a\\u202e@b.example"):
        fields = {"id": f'"{uuid4()}"', "text": '"Hello"'} | {field: f'"{odd}"'}
        body = "{" + ",".join(f'"{name}": {value}' for name, value in fields.items()) + "}"
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {visitor.token}"} | visitor.headers
        found = await visitor.client.post("/chat/messages", content=body, headers=headers)
        assert found.status_code in ((202, 422) if field in ("text", "name") else (422,)), odd
    for wrong in ({"page": "https://x/\x00"}, {"language": "\x00\x00"}, {"store": "\x00"}, {"order": "a b"}):
        assert (await visitor.enter(**wrong)).status_code == 422, wrong


async def test_an_answer_appears_once_it_is_sent(visitor: Visitor, app: FastAPI, database: Database) -> None:
    identity = uuid4()
    await visitor.write("Where is it?", identity)
    stream = _stream(app, await _session(database, visitor))
    events = stream.events()
    _, line = told(await _next(events))
    assert (line["id"], line["from"], line["text"]) == (str(identity), "visitor", "Where is it?")
    await answer(database, visitor.session, "not yet", delivery=DeliveryState.SENDING)
    ours = await answer(database, visitor.session, "It left\non Monday.")
    _, line = told(await _next(events))
    assert line["id"] == str(ours)
    assert (line["from"], line["name"], line["text"]) == ("us", "Northwind Tools", "It left\non Monday.")


async def test_a_visitor_hears_nothing_of_others(visitor: Visitor, app: FastAPI, database: Database) -> None:
    other = Visitor(visitor.client)
    await other.enter()
    await other.write("Mine")
    await visitor.write("Hello")
    case_id = (await rows(database))[0].case_id
    events = _stream(app, await _session(database, visitor)).events()
    assert told(await _next(events))[1]["text"] == "Hello"
    await answer(database, other.session, "For the other", case_id=case_id)
    await answer(database, visitor.session, "For you")
    assert told(await _next(events))[1]["text"] == "For you"


async def test_a_page_resumes_after_what_it_heard_last(visitor: Visitor, app: FastAPI, database: Database) -> None:
    await visitor.write("Hello")
    session = await _session(database, visitor)
    last, _ = told(await _next(_stream(app, session).events()))
    await answer(database, visitor.session, "Good morning")
    last, line = told(await _next(_stream(app, session, last).events()))
    assert line["text"] == "Good morning"
    written_before = datetime.now(UTC) - timedelta(hours=1)
    await answer(database, visitor.session, "Sent late", at=written_before)
    events = _stream(app, session, last).events()
    assert [told(await _next(events))[1]["text"] for _ in range(3)] == ["Sent late", "Hello", "Good morning"]
    for nonsense in ("", "x", "99-x", "-1-x", "1-" + str(uuid4()), "²-x"):
        assert told(await _next(_stream(app, session, nonsense).events()))[1]["text"] == "Sent late"


async def test_a_conversation_is_followed_into_the_ticket_it_was_merged_into(
    visitor: Visitor, app: FastAPI, database: Database
) -> None:
    await visitor.write("Hello")
    other = Visitor(visitor.client)
    await other.enter()
    await other.write("The survivor")
    mine, survivor = (row.case_id for row in await rows(database))
    events = _stream(app, await _session(database, visitor)).events()
    await _next(events)
    waiting = asyncio.ensure_future(_next(events))
    async with database.begin() as connection:
        await connection.execute(sql.update(messages).where(messages.c.case_id == mine).values(case_id=survivor))
        await connection.execute(sql.update(cases).where(cases.c.id == mine).values(survivor_id=survivor))
    await show(database, mine, status="merged")
    await answer(database, visitor.session, "From the survivor")
    assert told(await waiting)[1]["text"] == "From the survivor"


async def test_who_left_gets_the_answer_by_mail(visitor: Visitor, app: FastAPI, database: Database) -> None:
    async def fallback() -> Sender | None:
        async with database.begin() as connection:
            return await find_mail_fallback(connection, visitor.session)

    await visitor.write("Where is it?")
    assert await fallback() is None, "no address is known"
    await visitor.write("This is me", name="Emma", email=EMAIL)
    assert await fallback() == Sender(email=EMAIL, name="Emma")
    session = await _session(database, visitor)
    one, two = _stream(app, session), _stream(app, session)
    await _next(one.events())
    assert await fallback() is None, "a page of the visitor listens"
    await _next(two.events())
    await one.left()
    assert await fallback() is None, "another page still listens"
    await two.left()
    assert await fallback() == Sender(email=EMAIL, name="Emma")
    await _next(_stream(app, session).events())
    assert await fallback() is None
    async with database.begin() as connection:
        long_ago = datetime.now(UTC) - chat.AWAY_AFTER
        await connection.execute(sql.update(chat_sessions).values(last_seen=long_ago))
    assert await fallback() == Sender(email=EMAIL, name="Emma"), "a page that gave no sign is gone"


async def test_an_answer_goes_to_a_session_that_exists(visitor: Visitor, database: Database) -> None:
    adapter = ChatAdapter(database)
    outbound = Outbound("reply-1", STORE, STORE, visitor.session, None, None, "Hello")
    assert (await adapter.send(outbound)).external_id == "reply-1"
    for nobody in (None, "", "x", str(uuid4())):
        gone = Outbound("reply-1", STORE, STORE, nobody, None, None, "Hello")
        assert await adapter.find(gone) is None
        with pytest.raises(Rejected, match="answer by mail"):
            await adapter.send(gone)
