"""Credit notes against the ledger's stand-in: one note, one allocation, one recorded refund, whatever goes wrong."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities._kit.accounts import Accounts
from activities._kit.effects import EffectLedger
from activities._kit.errors import OpKeyConflict, Rejected, Unclear
from activities.finance.credit_notes import CreditNotes
from activities.finance.ledger import Ledger
from activities.finance.models import CreditLine, CreditNoteRequest
from activities.finance.xero_access import XeroAccess
from domain.effects import EffectState
from storage import effects as rows
from storage.cases import decide_effect
from storage.engine import Database
from tests.activities.conftest import Outside, as_temporal

pytestmark = pytest.mark.simulators

FAULTS = ("lost_before", "lost_after_commit", "error_500", "rate_limit")
STEPS = ("credit_note", "authorise", "allocation", "payment", "credit_notes", "invoices")
UNPAID, PAID, PART_PAID = "INV-10401", "INV-10400", "INV-10427"
OP_KEY = "rma-1001.credit_note.10401"
NUMBER = "CN-1001-10401"


@pytest.fixture
def books(accounts: Accounts, client: httpx.AsyncClient, database: Database, outside: Outside) -> Ledger:
    return Ledger(accounts, client, XeroAccess(database, None, client))


@pytest.fixture
def notes(ledger: EffectLedger, books: Ledger) -> CreditNotes:
    return CreditNotes(ledger, books)


def wish(case_id: UUID, **changes: Any) -> CreditNoteRequest:
    whole = {
        "op_key": OP_KEY,
        "case_id": case_id,
        "account": "main",
        "number": NUMBER if "op_key" not in changes else f"CN-{changes['op_key']}",
        "invoice_number": UNPAID,
        "lines": (CreditLine(sku="NW-SAW-185", quantity=1), CreditLine(sku="NW-BIT-40", quantity=3)),
        "expected_total": None,
        "refunded": False,
        "reference": "RMA-1001",
        "reason": "damaged",
    }
    return CreditNoteRequest.model_validate(whole | changes)


def paid(case_id: UUID, **changes: Any) -> CreditNoteRequest:
    lines = (CreditLine(sku="NW-DRL-18V", quantity=1),)
    return wish(case_id, **({"invoice_number": PAID, "lines": lines, "refunded": True} | changes))


def live(outside: Outside) -> list[dict[str, Any]]:
    return [note for note in outside.held("xero", "credit_notes") if note["Status"] not in ("DELETED", "VOIDED")]


def invoice(outside: Outside, number: str) -> dict[str, Any]:
    return next(found for found in outside.held("xero", "invoices") if found["InvoiceNumber"] == number)


async def test_an_unpaid_invoice_is_credited_and_settled(notes: CreditNotes, outside: Outside, case_id: UUID) -> None:
    before = invoice(outside, UNPAID)
    note = await notes.credit_note(wish(case_id))
    [kept] = live(outside)
    assert (kept["CreditNoteNumber"], kept["Reference"], kept["Status"]) == (NUMBER, "RMA-1001", "PAID")
    assert kept["Contact"]["ContactID"] == before["Contact"]["ContactID"]
    assert {line["TaxType"] for line in kept["LineItems"]} == {before["LineItems"][0]["TaxType"]}
    assert (note.allocated, note.remaining, note.recorded_refund) == (note.total, 0, 0)
    assert note.tax is not None
    assert note.tax > 0
    due = Decimal(str(before["AmountDue"])) - note.total
    assert Decimal(str(invoice(outside, UNPAID)["AmountDue"])) == due
    assert await notes.credit_note(wish(case_id)) == note
    assert len(outside.calls("credit_note")) == 1


async def test_what_the_store_paid_back_is_recorded_and_not_allocated(
    notes: CreditNotes, outside: Outside, case_id: UUID
) -> None:
    note = await notes.credit_note(paid(case_id))
    assert (note.recorded_refund, note.allocated, note.remaining) == (note.total, 0, 0)
    [payment] = [kept for kept in outside.held("xero", "payments") if kept["PaymentType"] == "ARCREDITPAYMENT"]
    assert (payment["Reference"], payment["Account"]) == ("RMA-1001", {"Code": "090"})


async def test_a_part_paid_invoice_takes_what_is_due_and_the_rest_stays_open(
    notes: CreditNotes, outside: Outside, case_id: UUID
) -> None:
    before = invoice(outside, PART_PAID)
    due = Decimal(str(before["AmountDue"])).quantize(Decimal("0.01"))
    line = CreditLine(sku="CL-PEN-ORB", quantity=5)
    note = await notes.credit_note(wish(case_id, invoice_number=PART_PAID, lines=(line,)))
    assert note.allocated == min(due, note.total)
    assert note.remaining == note.total - note.allocated > 0
    assert invoice(outside, PART_PAID)["AmountDue"] == 0


async def test_a_paid_invoice_without_refund_leaves_the_credit_open(
    notes: CreditNotes, outside: Outside, case_id: UUID
) -> None:
    note = await notes.credit_note(paid(case_id, refunded=False))
    assert (note.remaining, note.allocated, note.recorded_refund) == (note.total, 0, 0)


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        *((step, fault) for step in ("credit_note", "authorise", "allocation", "payment") for fault in FAULTS),
        ("credit_notes", "lost_before"),
        ("invoices", "error_500"),
    ],
)
async def test_one_of_each_whatever_is_lost(notes: CreditNotes, outside: Outside, case_id: UUID, step: str, fault: str) -> None:
    refunded = step == "payment"
    outside.arm("xero", step, fault)
    request = paid(case_id) if refunded else wish(case_id)
    note = await as_temporal(lambda: notes.credit_note(request))
    [kept] = live(outside)
    assert kept["CreditNoteID"] == note.credit_note_id
    assert len(kept["Allocations"]) == (0 if refunded else 1)
    assert len(kept["Payments"]) == (1 if refunded else 0)
    assert note.remaining == 0


async def test_a_cent_of_difference_stops_before_the_books(
    notes: CreditNotes, outside: Outside, database: Database, case_id: UUID
) -> None:
    worth = (await notes.credit_note(wish(case_id, op_key="worth"))).total
    booked = len(live(outside))
    request = wish(case_id, expected_total=worth - Decimal("0.01"))
    with pytest.raises(Rejected, match=rf"would credit {worth} EUR .* where {worth - Decimal('0.01')} EUR was approved"):
        await notes.credit_note(request)
    assert len(live(outside)) == booked
    async with database.begin() as connection:
        row = await rows.lock(connection, OP_KEY)
    assert row is not None
    assert row.error is not None
    assert "Nothing was booked" in row.error


async def test_the_next_try_after_a_difference_has_its_own_number(
    notes: CreditNotes, books: Ledger, outside: Outside, case_id: UUID
) -> None:
    request = wish(case_id, expected_total=Decimal("1.00"))
    with pytest.raises(Rejected):
        await notes.credit_note(request)
    with pytest.raises(Rejected):
        await notes.credit_note(request.model_copy(update={"attempt": 2}))
    numbers = [note["CreditNoteNumber"] for note in outside.held("xero", "credit_notes")]
    assert sorted(numbers) == [NUMBER, f"{NUMBER}-2"]
    assert live(outside) == []


async def test_less_than_the_worth_is_reached_by_a_deduction(notes: CreditNotes, outside: Outside, case_id: UUID) -> None:
    asked = Decimal("77.77")
    note = await notes.credit_note(wish(case_id, amount=asked, expected_total=asked))
    [kept] = live(outside)
    assert note.total == asked
    assert any(line["Description"].startswith("Deduction: ") and line["UnitAmount"] < 0 for line in kept["LineItems"])


async def test_an_amount_that_takes_from_more_than_one_line(notes: CreditNotes, outside: Outside, case_id: UUID) -> None:
    note = await notes.credit_note(wish(case_id, amount=Decimal("0.50")))
    assert note.total == Decimal("0.50")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"invoice_number": "INV-1"}, "The ledger has no invoice INV-1"),
        ({"lines": (CreditLine(sku="NW-NONE", quantity=1),)}, "has 0 of NW-NONE; 1 cannot be credited"),
        ({"lines": (CreditLine(sku="NW-SAW-185", quantity=3),)}, "has 2 of NW-SAW-185; 3 cannot be credited"),
        ({"amount": Decimal("99999")}, "more than these lines of invoice"),
    ],
)
async def test_what_cannot_be_credited_is_said_in_words(
    notes: CreditNotes, outside: Outside, case_id: UUID, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        await notes.credit_note(wish(case_id, **changes))
    assert outside.held("xero", "credit_notes") == []


async def test_another_payload_is_a_conflict(notes: CreditNotes, outside: Outside, case_id: UUID) -> None:
    await notes.credit_note(wish(case_id))
    with pytest.raises(OpKeyConflict):
        await notes.credit_note(wish(case_id, refunded=True))


async def test_done_by_hand_is_read_by_its_number(
    notes: CreditNotes, outside: Outside, database: Database, case_id: UUID
) -> None:
    by_hand = await notes.credit_note(wish(case_id, op_key="CN-BY-HAND"))
    with pytest.raises(Rejected):
        await notes.credit_note(wish(case_id, invoice_number="INV-1"))
    async with database.begin() as connection:
        await decide_effect(connection, OP_KEY, EffectState.DONE, by_hand.number)
    assert await notes.credit_note(wish(case_id, invoice_number="INV-1")) == by_hand


async def test_invoices_and_contacts_are_read(books: Ledger) -> None:
    found = await books.invoice("main", UNPAID)
    assert found is not None
    assert (found.number, found.status, found.amount_due) == (UNPAID, "AUTHORISED", found.total)
    assert await books.invoice("main", "INV-1") is None
    contact = await books.contact("main", "brightwell construction ltd")
    assert contact is not None
    assert contact.outstanding >= found.amount_due
    assert await books.contact("main", "Brightwell") is None


FaultyCalls = st.lists(st.tuples(st.sampled_from((*STEPS, "*")), st.sampled_from(FAULTS)), max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=FaultyCalls, refunded=st.booleans())
async def test_never_two_of_anything(
    notes: CreditNotes,
    outside: Outside,
    case_id: UUID,
    faults: list[tuple[str, str]],
    refunded: bool,
) -> None:
    outside.reset()
    for operation, fault in faults:
        outside.arm("xero", operation, fault)
    request = (paid if refunded else wish)(case_id, op_key=f"rma.{uuid4()}")
    try:
        note = await as_temporal(lambda: notes.credit_note(request))
    except Unclear:
        # Two drafts were asked for and neither was ever shown: then there is none, and a person is asked.
        assert live(outside) == []
        return
    [kept] = live(outside)
    assert kept["CreditNoteID"] == note.credit_note_id
    assert (len(kept["Allocations"]), len(kept["Payments"])) == ((0, 1) if refunded else (1, 0))
