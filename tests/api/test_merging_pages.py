"""What was joined, taken apart and named, as the pages of a ticket show it."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sql
from lxml import html as markup

from storage.engine import Database
from storage.tables import cases, decisions
from tests.api.joined_tickets import Joined, joined_tickets
from tests.api.test_decisions import _judge_soon
from tests.api.test_pages import _require_clean

PART = {"HX-Request": "true"}


@pytest.fixture
async def tickets(agent: httpx.AsyncClient, database: Database) -> Joined:
    return await joined_tickets(agent, database)


async def _page(browser: httpx.AsyncClient, case_id: UUID, query: str = "") -> markup.HtmlElement:
    answer = await browser.get(f"/tickets/{case_id}{query}")
    assert answer.status_code == 200, answer.text
    _require_clean(answer)
    return markup.document_fromstring(answer.text)


def _words(element: markup.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _fields(form: markup.HtmlElement) -> dict[str, str]:
    return {name: value or "" for name, value in form.form_values()}


async def _post(
    browser: httpx.AsyncClient,
    database: Database,
    case_id: UUID,
    form: markup.HtmlElement,
    refused: str | None = None,
    **typed: object,
) -> httpx.Response:
    fields = _fields(form) | typed
    answer, _ = await asyncio.gather(
        browser.post(form.attrib["action"], data=fields, headers=PART),
        _judge_soon(database, case_id, UUID(str(fields["id"])), refused),
    )
    return answer


async def _payload(database: Database) -> tuple[UUID, str, dict[str, object]]:
    async with database.begin() as connection:
        row = (await connection.execute(sql.select(decisions))).one()
    return row.case_id, row.kind, row.payload


def _icons(page: markup.HtmlElement) -> Iterator[str]:
    for use in page.iter("use"):
        yield use.attrib["href"]


async def test_the_thread_says_by_which_door_and_from_which_ticket(browser: httpx.AsyncClient, tickets: Joined) -> None:
    page = await _page(browser, tickets.survivor)
    mail, chat = (page.get_element_by_id(f"message-{key}") for key in (tickets.mail_message, tickets.chat_message))
    assert "Mail" in _words(mail)
    assert "from ticket" not in _words(mail)
    assert f"Chat widget from ticket #{tickets.number(tickets.merged)}" in _words(chat)
    (why,) = chat.find_class("why")
    reason = page.get_element_by_id(why.attrib["aria-describedby"])
    assert (why.attrib["tabindex"], _words(reason)) == ("0", "same company, order 10452, delivery")
    sprite = (await browser.get("/static/channels.svg")).text
    for address in _icons(page):
        assert f'<symbol id="{address.partition("#")[2]}"' in sprite


async def test_references_say_what_they_are_and_those_open_are_counted(browser: httpx.AsyncClient, tickets: Joined) -> None:
    page = await _page(browser, tickets.survivor)
    panel = page.get_element_by_id("part-references")
    words = _words(panel)
    for wanted in ("References 2 open", "Serial SN-4711-X Open drill of order 10398, under warranty 90 %", "in the subject"):
        assert wanted in words
    assert "Invoice INV-10406 Waived not looked up yet only in quoted text" in words
    links = [link.attrib["href"] for link in panel.iter("a")]
    assert links[0] == f"#message-{tickets.mail_message}"
    assert page.get_element_by_id(links[0].removeprefix("#")) is not None
    assert len(list(panel.iter("form"))) == 2


async def test_a_reference_is_waived_beside_its_name(browser: httpx.AsyncClient, tickets: Joined, database: Database) -> None:
    panel = (await _page(browser, tickets.survivor)).get_element_by_id("part-references")
    form = next(form for form in panel.iter("form") if _fields(form)["k.value"] == "SN-4711-X")
    refused = await _post(browser, database, tickets.survivor, form, "it was answered", **{"f.reason": "Settled by phone"})
    again = markup.fragment_fromstring(refused.text)
    assert again.attrib["id"] == form.attrib["id"], "the answer takes the place of its form"
    assert "refused: it was answered" in _words(again)
    kept = _fields(again)
    assert (kept["k.value"], kept["k.reference_kind"], kept["f.reason"].strip()) == ("SN-4711-X", "serial", "Settled by phone")
    case_id, kind, payload = await _payload(database)
    assert (case_id, kind) == (tickets.survivor, "waive_reference")
    assert payload == {"value": "SN-4711-X", "reference_kind": "serial", "reason": "Settled by phone"}


async def test_a_merge_is_undone_from_either_side(browser: httpx.AsyncClient, tickets: Joined, database: Database) -> None:
    number = tickets.number(tickets.merged)
    survivor, merged = await _page(browser, tickets.survivor), await _page(browser, tickets.merged)
    assert f"Merged here: #{number} same company, order 10452, delivery, by Casework 25 min ago" in _words(survivor)
    assert f"Merged into #{tickets.number(tickets.survivor)} by Casework 25 min ago" in _words(merged)
    kinds = {_fields(form).get("kind") for form in merged.iter("form")}
    assert kinds & {"reply", "merge", "split", "assign", "unmerge", "note"} == {"unmerge", "note"}
    forms = [page.get_element_by_id(f"form-unmerge-{number}") for page in (survivor, merged)]
    for form in forms:
        assert form.attrib["action"] == f"/cases/{tickets.merged}/decisions"
    answer = await _post(browser, database, tickets.merged, forms[0])
    assert "Done." in answer.text
    assert (await _payload(database))[:2] == (tickets.merged, "unmerge")


async def test_what_may_be_the_same_leads_to_the_comparison(browser: httpx.AsyncClient, tickets: Joined) -> None:
    number = tickets.number(tickets.likely)
    page = await _page(browser, tickets.survivor)
    (hint,) = page.find_class("hint")
    assert f"Perhaps the same as #{number} same company, order 10452" in _words(hint)
    (link,) = hint.find_class("look")
    path, _, anchor = link.attrib["href"].partition("#")
    opened = markup.document_fromstring((await browser.get(path)).text)
    form = opened.get_element_by_id(anchor)
    assert _fields(form)["f.into"] == str(number)
    fold = form.getparent()
    assert fold is not None
    assert "open" in fold.attrib
    suggested = [option.attrib["value"] for option in form.iter("option")]
    assert suggested == [str(number)], "not itself, not what was merged, not another company's"


async def test_a_merge_is_previewed_and_then_done(browser: httpx.AsyncClient, tickets: Joined, database: Database) -> None:
    page = await _page(browser, tickets.survivor)
    form = page.get_element_by_id(f"form-merge-{tickets.number(tickets.survivor)}")
    (preview,) = form.find_class("preview")
    path = preview.attrib["hx-get"]
    number = tickets.number(tickets.likely)
    shown = await browser.get(path, params=_fields(form) | {"f.into": f"#{number}"}, headers=PART)
    _require_clean(shown)
    words = _words(markup.fragment_fromstring(f"<div>{shown.text}</div>"))
    for wanted in ("Baltic Marine Works", "Drills for hall 3", "Status of the drills", "Emma Clarke", "due in 1 h 59 min"):
        assert wanted in words
    assert "In common: company Baltic Marine Works, order 10452." in words
    assert f"move to #{number}" in words
    answer = await _post(browser, database, tickets.survivor, form, **{"f.into": f"#{number}"})
    assert "Done." in answer.text
    assert await _payload(database) == (tickets.survivor, "merge", {"into": number})


async def test_a_preview_warns_and_refuses_in_words(browser: httpx.AsyncClient, tickets: Joined, database: Database) -> None:
    path = f"/tickets/{tickets.survivor}/merge"

    async def preview(number: object) -> str:
        return (await browser.get(path, params={"f.into": str(number)}, headers=PART)).text

    stranger = tickets.number(tickets.stranger)
    words = await preview(stranger)
    assert "Another company: Baltic Marine Works here, Elsewhere Ltd there." in words
    assert "Nothing in common" in words
    assert "This is the ticket you are looking at." in await preview(tickets.number(tickets.survivor))
    assert "was merged into this one" in await preview(tickets.number(tickets.merged))
    assert (await preview("")).strip() == ""
    for wrong in (99, "9" * 30, "١٢", "x", "<b>"):
        assert "There is no ticket #" in await preview(wrong)
    assert "<b>" not in await preview("<b>")
    async with database.begin() as connection:
        await connection.execute(sql.update(cases).where(cases.c.id == tickets.survivor).values(company_id="3"))
        await connection.execute(sql.update(cases).where(cases.c.id == tickets.stranger).values(company_id="4"))
    assert "is of another company, Elsewhere Ltd" in await preview(stranger)
    async with database.begin() as connection:
        elsewhere = sql.update(cases).where(cases.c.id == tickets.likely).values(status="closed", store="casa-lumen")
        await connection.execute(elsewhere)
    assert "belongs to another store" in await preview(tickets.number(tickets.likely))
    without_script = await browser.get(path, params={"f.into": str(stranger)})
    assert without_script.headers["location"] == f"/tickets/{tickets.survivor}?into={stranger}"


async def test_messages_are_ticked_previewed_and_split_off(
    browser: httpx.AsyncClient, tickets: Joined, database: Database
) -> None:
    page = await _page(browser, tickets.survivor)
    form = page.get_element_by_id(f"form-split-{tickets.number(tickets.survivor)}")
    ticks = [box.attrib["value"] for box in form.iter("input") if box.attrib["type"] == "checkbox"]
    assert set(ticks) == {str(tickets.mail_message), str(tickets.chat_message)}
    (preview,) = form.find_class("preview")

    async def shown(*ticked: UUID) -> str:
        params = {"f.message_ids": [str(one) for one in ticked]}
        answer = await browser.get(preview.attrib["hx-get"], params=params, headers=PART)
        return _words(markup.fragment_fromstring(f"<div>{answer.text}</div>"))

    assert "Tick the messages" in await shown()
    one = await shown(tickets.mail_message)
    assert "“The remaining drills” would hold 1 of 2 messages" in one
    assert "purchase order PO-77120" in one
    assert "must stay" not in one
    assert "must stay" in await shown(tickets.mail_message, tickets.chat_message)
    answer = await _post(browser, database, tickets.survivor, form, "no", **{"f.message_ids": ticks})
    again = [box for box in markup.fragment_fromstring(answer.text).iter("input") if "checked" in box.attrib]
    assert [box.attrib["value"] for box in again] == ticks, "a refusal keeps what was ticked"
    case_id, kind, payload = await _payload(database)
    assert (case_id, kind, payload) == (tickets.survivor, "split", {"message_ids": ticks})


async def test_the_api_shows_what_the_page_shows(agent: httpx.AsyncClient, tickets: Joined) -> None:
    ticket = (await agent.get(f"/api/v1/tickets/{tickets.survivor}")).json()
    assert [one["state"] for one in ticket["references"]] == ["open", "answered", "open", "waived"]
    assert ticket["references"][2]["score"] == 90
    assert ticket["merged"][0]["number"] == tickets.number(tickets.merged)
    assert ticket["duplicates"][0]["number"] == tickets.number(tickets.likely)
    origins = {one["channel"]: (one["origin_id"], one["evidence"]) for one in ticket["messages"]}
    assert origins["chat"] == (str(tickets.merged), "same company, order 10452, delivery")
    merged = (await agent.get(f"/api/v1/tickets/{tickets.merged}")).json()
    assert merged["merged_into"]["number"] == tickets.number(tickets.survivor)
