"""The inbox pages as a signed-in agent's browser gets them."""

import asyncio
import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sql
from lxml import html as markup

from domain.effects import EffectKind
from storage.blobs import Blobs
from storage.engine import Database
from storage.tables import cases, contexts, decisions, effects
from tests.api.clock_states import state_of_clocks
from tests.api.conftest import BASE
from tests.api.test_decisions import _judge_soon
from tests.api.world import ADMIN_TOKEN, STORE, clock, message, show

NOW = datetime.now(UTC)
ORDER = {
    "store": STORE,
    "order_id": "10452",
    "status": "Partially Shipped",
    "payment_status": "invoice",
    "payment_method": "Net 30",
    "is_paid": False,
    "currency": "EUR",
    "total": "1234.5",
    "customer_id": "7",
    "placed_at": NOW.isoformat(),
    "purchase_order": "4500-1",
    "lines": [
        {
            "line_id": "301",
            "product_id": "1",
            "sku": "DRL-18V",
            "name": "Drill",
            "quantity": 3,
            "quantity_shipped": 1,
            "quantity_refunded": 0,
            "price": "119.00",
        }
    ],
    "shipments": [
        {
            "shipment_id": "1",
            "carrier": "UPS",
            "tracking_number": "1Z999",
            "tracking_link": "javascript:alert(1)",
            "shipped_at": NOW.isoformat(),
            "lines": [{"line_id": "301", "quantity": 1}],
        }
    ],
}
CONTEXT = {
    "orders": [ORDER],
    "company": {
        "company_id": "3",
        "name": "Baltic Marine Works",
        "group_id": "3",
        "payment_terms_days": 30,
        "credit_hold": True,
    },
    "missing": ["Order 10999 is not known."],
    "as_of": NOW.isoformat(),
}


@pytest.fixture
async def full_ticket(agent: httpx.AsyncClient, database: Database) -> UUID:
    """A ticket with everything a page can show, some of it hostile."""
    evil = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    file = {"filename": f"{evil}.txt", "content_type": "text/html", "content": base64.b64encode(b"x").decode()}
    sender = {"email": "a@example.com", "name": evil}
    body = message(subject=evil, text=evil, html=f"<p>Hello</p>{evil}", sender=sender, attachments=[file])
    case_id = UUID((await agent.post("/api/v1/messages", json=body)).json()["ticket_id"])
    due_at = datetime.now(UTC) + timedelta(minutes=80, seconds=50)
    state: dict[str, Any] = {
        "tier": "gold",
        "tags": [evil],
        "language": "en",
        "clocks": [clock(due_at), clock(NOW, "resolution")],
        "references": [{"kind": "order", "value": evil}],
        "effects": [{"op_key": "t.mail.1", "status": "blocked", "summary": "Send the reply", "words": "550 no such user"}],
    }
    await show(
        database,
        case_id,
        state=state,
        company="Baltic Marine Works",
        intent="wismo",
        orders=("10452",),
        next_due_at=due_at,
        owner="Emma Clarke",
        queue="delivery",
    )
    async with database.begin() as connection:
        await connection.execute(sql.insert(contexts).values(case_id=case_id, content=CONTEXT, as_of=NOW))
    return case_id


def _require_clean(answer: httpx.Response) -> None:
    """A strict policy, and nothing in the page that it would have to forbid."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = markup.document_fromstring(answer.text)
    for element in page.iter(markup.etree.Element):
        for name, value in element.attrib.items():
            assert not name.startswith("on"), f"{name} on {element.tag}"
            assert name != "style", f"style on {element.tag}"
            assert not (name in ("href", "src", "action") and value.strip().lower().startswith(("javascript:", "data:")))
        if element.tag == "script":
            assert element.attrib["src"].startswith("/static/")
            assert not (element.text or "").strip()
        assert element.tag != "style"


async def test_pages_ask_to_sign_in(stranger: httpx.AsyncClient, ticket_id: UUID) -> None:
    html = {"Accept": "text/html"}
    for path in ("/", f"/tickets/{ticket_id}", "/returns"):
        answer = await stranger.get(path, headers=html)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
    part = await stranger.get("/", headers=html | {"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")
    assert (await stranger.get("/events", headers=html)).status_code == 303


async def test_a_link_signs_in_and_leaves_the_address(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get(f"/sign-in?token={ADMIN_TOKEN}&next=//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert ADMIN_TOKEN not in cookie
    assert (await stranger.get("/")).status_code == 200
    origin = {"Origin": BASE}
    assert (await stranger.post("/sign-out", headers=origin)).status_code == 303
    assert (await stranger.get("/", headers={"Accept": "text/html"})).status_code == 303


async def test_a_token_form_signs_in_or_says_why_not(stranger: httpx.AsyncClient) -> None:
    headers = {"Origin": BASE, "Accept": "text/html"}
    wrong = await stranger.post("/sign-in", data={"token": "wrong"}, headers=headers)
    assert (wrong.status_code, "unknown, expired or revoked" in wrong.text) == (401, True)
    _require_clean(wrong)
    right = await stranger.post("/sign-in", data={"token": ADMIN_TOKEN, "next": "/returns"}, headers=headers)
    assert (right.status_code, right.headers["location"]) == (303, "/returns")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_site_is_refused(
    browser: httpx.AsyncClient, ticket_id: UUID, database: Database, headers: dict[str, str]
) -> None:
    fields = {"id": str(uuid4()), "kind": "note", "f.text": "forged"}
    answer = await browser.post(f"/cases/{ticket_id}/decisions", data=fields, headers=headers)
    assert answer.status_code == 403
    async with database.begin() as connection:
        assert await connection.scalar(sql.select(sql.func.count()).select_from(decisions)) == 0


async def test_every_page_is_clean(browser: httpx.AsyncClient, full_ticket: UUID, agent: httpx.AsyncClient) -> None:
    line = {"order_id": "10452", "line_id": "301", "quantity": 1, "reason": "damaged"}
    rma = (await agent.post("/api/v1/rmas", json={"store": STORE, "ticket_id": str(full_ticket), "lines": [line]})).json()
    pages = ["/", "/?q=alert", "/?status=any&limit=1", "/returns", f"/tickets/{full_ticket}", f"/cases/{rma['rma_id']}"]
    pages += [f"/cases/{full_ticket}/parts", "/sign-in"]
    for path in pages:
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        _require_clean(answer)
    missing = await browser.get(f"/tickets/{uuid4()}")
    assert (missing.status_code, missing.headers["content-type"].partition(";")[0]) == (404, "text/html")
    _require_clean(missing)


async def test_a_ticket_shows_what_an_agent_needs(browser: httpx.AsyncClient, full_ticket: UUID) -> None:
    text = (await browser.get(f"/tickets/{full_ticket}")).text
    needed = [
        "On credit hold",
        "due in 1 h 20 min",
        "Order 10999 is not known.",
        "1,234.50 EUR",
        "Net 30",
        "DRL-18V",
        "1Z999",
        "Tier gold at northwind-tools.",
        "http://temporal.test:8233/namespaces/default/workflows/ticket-",
        "550 no such user",
        "Begin a return",
        "not paid",
    ]
    for words in needed:
        assert words in text, words


async def test_the_mail_frame_can_do_nothing(browser: httpx.AsyncClient, full_ticket: UUID, agent: httpx.AsyncClient) -> None:
    ticket = (await agent.get(f"/api/v1/tickets/{full_ticket}")).json()
    answer = await browser.get(f"/messages/{ticket['messages'][0]['id']}/html")
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "img-src" not in policy
    _require_clean(answer)
    assert "<p>Hello</p>" in answer.text
    assert "onerror" not in answer.text


async def test_the_list_filters_and_refreshes_its_rows(browser: httpx.AsyncClient, full_ticket: UUID) -> None:
    assert f"/tickets/{full_ticket}" in (await browser.get("/?queue=delivery")).text
    assert f"/tickets/{full_ticket}" not in (await browser.get("/?queue=returns")).text
    rows = await browser.get("/?queue=delivery", headers={"HX-Request": "true"})
    assert "<html" not in rows.text
    assert "due in 1 h 20 min" in rows.text


async def test_a_decision_by_form_is_taken_once(browser: httpx.AsyncClient, full_ticket: UUID, database: Database) -> None:
    page = (await browser.get(f"/tickets/{full_ticket}")).text
    form = markup.document_fromstring(page).get_element_by_id(_form_id(page, "note"))
    fields = {name: value or "" for name, value in form.form_values()} | {"f.text": "The buyer called."}
    path = form.attrib["action"]
    first, _ = await asyncio.gather(
        browser.post(path, data=fields, headers={"HX-Request": "true"}),
        _judge_soon(database, full_ticket, UUID(fields["id"])),
    )
    assert "Done." in first.text
    assert first.headers["hx-trigger"] == "caseChanged"
    again = await browser.post(path, data=fields, headers={"HX-Request": "true"})
    assert "Done." in again.text
    async with database.begin() as connection:
        stored = (await connection.execute(sql.select(decisions))).mappings().one()
    assert (stored["payload"], stored["seen_revision"]) == ({"text": "The buyer called."}, 1)
    shown = (await browser.get(f"/tickets/{full_ticket}")).text
    assert "“" in shown or "The buyer called." in shown


async def test_a_refused_reply_keeps_what_was_typed(browser: httpx.AsyncClient, full_ticket: UUID, database: Database) -> None:
    page = (await browser.get(f"/tickets/{full_ticket}")).text
    form = markup.document_fromstring(page).get_element_by_id(_form_id(page, "reply"))
    fields = {name: value or "" for name, value in form.form_values()} | {"f.text": "Dear buyer, <b>soon</b>"}
    for headers in ({"HX-Request": "true"}, {}):
        fields["id"] = str(uuid4())
        answer, _ = await asyncio.gather(
            browser.post(form.attrib["action"], data=fields, headers=headers),
            _judge_soon(database, full_ticket, UUID(fields["id"]), "a message arrived at 10:04"),
        )
        assert "refused: a message arrived at 10:04" in answer.text
        assert "Dear buyer, &lt;b&gt;soon&lt;/b&gt;" in answer.text
        assert fields["id"] not in answer.text, "the next try is a decision of its own"


async def test_a_return_begins_from_the_lines_of_an_order_once(
    browser: httpx.AsyncClient, full_ticket: UUID, database: Database
) -> None:
    page = (await browser.get(f"/tickets/{full_ticket}")).text
    form = markup.document_fromstring(page).get_element_by_id("form-start-return")
    fields = {name: value or "" for name, value in form.form_values()}
    empty = await browser.post(form.attrib["action"], data=fields, headers={"HX-Request": "true"})
    assert "lines" in empty.text
    assert "said bad" in empty.text
    fields |= {"f.lines.0.quantity": "2", "f.lines.0.reason": "damaged"}
    for _ in range(2):
        answer = await browser.post(form.attrib["action"], data=fields, headers={"HX-Request": "true"})
        assert "has begun" in answer.text, answer.text
    async with database.begin() as connection:
        begun = (await connection.execute(sql.select(cases).where(cases.c.process == "rma"))).mappings().one()
    assert begun["parent_id"] == full_ticket
    assert begun["start"]["lines"] == [
        {"order_id": "10452", "line_id": "301", "quantity": 2, "reason": "damaged", "serial": None}
    ]


async def test_a_return_shows_its_label_and_takes_inspections(
    browser: httpx.AsyncClient, agent: httpx.AsyncClient, full_ticket: UUID, database: Database, blobs: Blobs
) -> None:
    line = {"order_id": "10452", "line_id": "301", "quantity": 2, "reason": "damaged"}
    begun = await agent.post("/api/v1/rmas", json={"store": STORE, "ticket_id": str(full_ticket), "lines": [line]})
    rma_id = UUID(begun.json()["rma_id"])
    state = {"lines": [{**line, "line": 1, "sku": "DRL-18V", "serial": None, "received": 2, "found": {}}], "clocks": []}
    await show(database, rma_id, stage="inspecting", state=state)
    result = {"label_id": "se-1", "carrier": "ups", "tracking_number": "1Z", "cost": "8.4", "currency": "EUR"}
    async with database.begin() as connection:
        await connection.execute(
            sql.insert(effects).values(
                op_key="rma.return_label.1",
                case_id=rma_id,
                kind=EffectKind.RETURN_LABEL.value,
                provider="shipstation",
                account="main",
                request={},
                request_hash="x",
                state="done",
                amount=8.4,
                currency="EUR",
                result=result | {"document": await blobs.put(b"%PDF-1.4 label")},
            )
        )
    shown = (await agent.get(f"/api/v1/rmas/{rma_id}")).json()
    assert (shown["label"]["tracking_number"], shown["effects"][0]["amount"]) == ("1Z", "8.40")
    for client, path in ((agent, shown["label"]["url"]), (browser, f"/returns/{rma_id}/label")):
        label = await client.get(path)
        assert (label.content, label.headers["content-type"]) == (b"%PDF-1.4 label", "application/pdf")
    page = (await browser.get(f"/tickets/{full_ticket}")).text
    form = markup.document_fromstring(page).get_element_by_id(f"form-inspect-{begun.json()['number']}")
    fields = {name: value or "" for name, value in form.form_values()}
    fields |= {"f.lines.0.quantity": "1", "f.lines.1.quantity": "1"}
    answer, _ = await asyncio.gather(
        browser.post(form.attrib["action"], data=fields, headers={"HX-Request": "true"}),
        _judge_soon(database, rma_id, UUID(fields["id"])),
    )
    assert "Done." in answer.text
    async with database.begin() as connection:
        payload = await connection.scalar(sql.select(decisions.c.payload))
    assert payload == {
        "lines": [
            {"line": 1, "disposition": "accepted", "quantity": 1},
            {"line": 1, "disposition": "damaged", "quantity": 1},
        ]
    }


async def test_scripts_of_others_are_named_with_their_licences(browser: httpx.AsyncClient) -> None:
    licences = (await browser.get("/static/vendor/LICENSES.txt")).text
    page = (await browser.get("/")).text
    for script in re.findall(r"/static/vendor/([\w.-]+\.js)", page):
        assert script in licences
        assert (await browser.get(f"/static/vendor/{script}")).status_code == 200


def _form_id(page: str, kind: str) -> str:
    found = re.search(rf'id="(form-{kind}-\d+)"', page)
    assert found is not None
    return found.group(1)


async def test_clocks_are_shown_by_whom_they_are_for(browser: httpx.AsyncClient, database: Database, ticket_id: UUID) -> None:
    await show(database, ticket_id, state=state_of_clocks())
    answer = await browser.get(f"/tickets/{ticket_id}")
    _require_clean(answer)
    box = markup.document_fromstring(answer.text).get_element_by_id("part-clocks")
    (own,) = box.xpath(".//h2[text()='Reminders for us']")
    shown = {
        " ".join(clock.find("summary").text_content().split()): own in clock.xpath("preceding-sibling::h2")
        for clock in box.iter("details")
    }
    assert shown == {
        "First reply kept": False,
        **{
            words: False
            for words in shown
            if words.startswith("Next reply 2 d ") and words.endswith(" late Martin Krause has taken notice")
        },
        "Resolution paused, waits for supplier": False,
        **{words: False for words in shown if words.startswith("Reply by the channel's rule due in 1 d")},
        **{words: True for words in shown if words.endswith(" too long")},
        **{words: True for words in shown if words.startswith("Answer of supplier reminder in ")},
    }
    assert len(shown) == 6
    derivation = [line.text_content() for line in box.iter("li")]
    assert any(line.endswith("closed: Stocktaking.") for line in derivation)
    assert any(line.startswith("Acknowledged ") and "by Martin Krause" in line for line in derivation)
    clocks = (await browser.get(f"/tickets/{ticket_id}")).text
    assert "stalled" not in clocks.lower().replace("clock-own-1-stalled", "")
