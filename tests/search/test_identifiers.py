"""Numbers and names of things, found whole, by their parts and in every writing; what bears one comes first."""

from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sql

from domain.messages import Sender
from storage import searching
from storage.tables import cases, messages
from tests.search.conftest import Desk

_WRITINGS = {
    "PO-77120": ["PO-77120", "po-77120", "PO77120", "PO 77120", "po/77120", "77120", "PO-77", "#77120", '"PO-77120"'],
    "NW-SAW-185": ["NW-SAW-185", "nwsaw185", "nw saw 185", "NW_SAW_185", "SAW-185", "NW-SAW", "185", "NW-SAW-18"],
    "1Z999AA10123456784": ["1Z999AA10123456784", "1z999aa10123456784", "1Z 999 AA1 01 2345 6784", "1Z999AA", "10123456784"],
    "1Z 999 AA1 01 2345 6784": ["1Z999AA10123456784", "1Z 999 AA1 01 2345 6784", "6784"],
    "INV-10406": ["INV-10406", "inv10406", "INV 10406", "10406", "INV-104"],
    "DRL18V": ["DRL18V", "DRL-18V", "drl 18 v", "18V"],
    "buyer.one@acme-tools.example": ["buyer.one@acme-tools.example", "acme-tools", "buyer one", "@acme"],
    "0049 30 1234567": ["0049 30 1234567", "0049301234567", "1234567"],
}


@pytest.mark.parametrize("written", _WRITINGS)
async def test_an_identifier_is_found_in_every_writing(desk: Desk, written: str) -> None:
    await desk.hear("bears it", f"About {written}, please.")
    await desk.hear("another", "About PO-99999 and NW-HAM-186, tracking 1Z111BB2; INV-20000.")
    for typed in _WRITINGS[written]:
        assert await desk.find(typed) == ["bears it"], typed


async def test_everything_of_a_case_is_searched(desk: Desk) -> None:
    sender = Sender(email="greta@steel.example", name="Greta Lindqvist", phone="+49301234567")
    more = {"sender": sender, "full_text": "new words\n> old anchovies", "files": ["delivery-note_88.pdf"]}
    await desk.hear("case", "new words", "The subject", **more)
    await desk.hear("other", "nothing of it")
    references = [{"kind": "serial", "value": "SN-4711-X"}, {"kind": "purchase_order", "value": "PO-1234"}]
    await desk.change("case", company="Stahlbau Schröder GmbH", orders=("10999",), state={"references": references})
    await desk.write(sql.update(cases).where(cases.c.id == desk.ids["case"]).values(start={"imported": {"id": "ZD-5501"}}))
    number = await desk.number("case")
    for typed in (
        *("subject", "schroeder", "Schröder GmbH", "10999", "#10999", f"#{number}", str(number), "SN-4711-X", "4711", "po1234"),
        *("ZD-5501", "5501", "greta", "lindqvist greta", "greta@steel.example", "steel.example", "anchovies", "delivery-note"),
        *("note_88.pdf", "+49301234567", "new gmbh greta 88"),
    ):
        assert await desk.find(typed) == ["case"], typed


async def test_who_bears_the_identifier_comes_first_and_who_only_quotes_it_last(
    desk: Desk, due: Callable[[int], datetime]
) -> None:
    await desk.hear("quotes it", "yes", full_text="yes\n> order 10452")
    await desk.hear("says it, late", "order 10452")
    await desk.hear("says it, soon", "like 10452")
    await desk.hear("bears it", "hello")
    await desk.change("quotes it", next_due_at=due(1))
    await desk.change("says it, soon", next_due_at=due(2))
    await desk.change("says it, late", next_due_at=due(3))
    await desk.change("bears it", orders=("10452",), next_due_at=due(4))
    wanted = ["bears it", "says it, soon", "says it, late", "quotes it"]
    for typed in ("10452", "#10452"):
        for limit in (1, 2, 50):
            assert await desk.find(typed, limit) == wanted, (typed, limit)


async def test_a_word_found_too_often_to_be_counted_is_listed_the_same(
    desk: Desk, due: Callable[[int], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MANY", 3)
    for hours in (3, 1, 5, 2, 4):
        await desk.hear(f"due in {hours}", "order 10452")
        await desk.change(f"due in {hours}", next_due_at=due(hours))
    await desk.change("due in 4", orders=("10452",), next_due_at=due(4))
    for limit in (1, 2, 50):
        assert await desk.find("order", limit) == [f"due in {hours}" for hours in (1, 2, 3, 4, 5)]
        assert await desk.find("10452", limit) == [f"due in {hours}" for hours in (4, 1, 2, 3, 5)]
    assert await desk.find("order -10452") == []


async def test_words_follow_their_message_into_another_ticket(desk: Desk) -> None:
    moved = await desk.hear("first", "about the anvil")
    await desk.hear("second", "about the hammer")
    first, second = desk.ids["first"], desk.ids["second"]
    await desk.write(sql.update(messages).where(messages.c.id == moved).values(case_id=second))
    await desk.write(sql.update(cases).where(cases.c.id == first).values(survivor_id=second, title="gone"))
    assert await desk.find("anvil hammer") == await desk.find("anvil") == ["second"]
    assert set(await desk.find(f"#{await desk.number('first')}")) == {"first", "second"}, "the old number leads to both"
    await desk.write(sql.update(messages).where(messages.c.id == moved).values(case_id=first))
    await desk.write(sql.update(cases).where(cases.c.id == first).values(survivor_id=None))
    assert await desk.find("anvil") == ["first"]
    assert await desk.find(f"#{await desk.number('first')}") == ["first"]


async def test_a_long_thread_is_found_by_any_of_its_words(desk: Desk) -> None:
    for position in range(4):
        words = " ".join(f"w{position}x{place}" for place in range(9_000))
        message = await desk.hear("long" if position == 0 else "moving", f"{words} end{position}")
        await desk.write(sql.update(messages).where(messages.c.id == message).values(case_id=desk.ids["long"]))
    for typed in ("end0", "end3", "w2x8999", f"w1x5 #{await desk.number('long')}"):
        assert "long" in await desk.find(typed), typed
    assert await desk.find("long -end3") == []
