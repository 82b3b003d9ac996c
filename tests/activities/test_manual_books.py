"""Books that people keep: a person is told exactly what to book, and what two people say was booked is the note."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from activities._kit.accounts import Accounts, ManualLedgerAccount
from activities._kit.effects import EffectLedger
from activities._kit.errors import ByHand, NeedsOperator, Rejected
from activities.bigcommerce.stores import Stores, UnknownOrder
from activities.finance.manual import ManualBooks
from activities.finance.models import CreditLine, CreditNoteRequest
from domain.effects import EffectState
from storage.cases import decide_effect
from storage.engine import Database
from tests.activities.conftest import Outside

pytestmark = pytest.mark.simulators
OP_KEY = "rma-1001.credit_note.10401"


@pytest.fixture
def books(ledger: EffectLedger, stores: Stores, outside: Outside) -> ManualBooks:
    return ManualBooks(ledger, stores, Accounts(manual={"paper": ManualLedgerAccount(title="the Hamburg books")}))


def wish(case_id: UUID, **changes: Any) -> CreditNoteRequest:
    whole = {
        "op_key": OP_KEY,
        "case_id": case_id,
        "account": "paper",
        "number": "CN-1001-10400",
        "invoice_number": "INV-10400",
        "lines": (CreditLine(sku="NW-DRL-18V", quantity=2),),
        "expected_total": None,
        "refunded": False,
        "reference": "RMA-1001",
        "reason": "damaged",
        "store": "northwind-tools",
        "order_id": "10400",
    }
    return CreditNoteRequest.model_validate(whole | changes)


async def test_a_person_is_told_what_to_book_and_what_was_booked_is_the_note(
    books: ManualBooks, case_id: UUID, database: Database
) -> None:
    with pytest.raises(ByHand):
        await books.credit_note(wish(case_id))
    with pytest.raises(ByHand) as told:
        await books.credit_note(wish(case_id))
    for words in ("the Hamburg books", "INV-10400", "2 × NW-DRL-18V", "357.60 EUR", "RMA-1001", "against the invoice"):
        assert words in told.value.message
    assert told.value.details == (OP_KEY,)
    async with database.begin() as connection:
        await decide_effect(connection, OP_KEY, EffectState.DONE, "GS-2026-77")
    note = await books.credit_note(wish(case_id, attempt=2))
    assert (note.number, note.total, note.currency) == ("GS-2026-77", Decimal("357.60"), "EUR")
    assert (note.allocated, note.recorded_refund, note.tax) == (Decimal("357.60"), Decimal(0), None)


async def test_what_the_store_paid_back_is_what_is_booked(books: ManualBooks, case_id: UUID) -> None:
    with pytest.raises(ByHand, match=r"100\.00 EUR.*the store's refund"):
        await books.credit_note(wish(case_id, expected_total=Decimal(100), refunded=True))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"lines": (CreditLine(sku="NW-DRL-18V", quantity=5),)}, Rejected, "has 4 of NW-DRL-18V, not 5"),
        ({"lines": (CreditLine(sku="NOTHING", quantity=1),)}, Rejected, "no line with NOTHING"),
        ({"amount": Decimal(0)}, Rejected, "over 0"),
        ({"order_id": "99999"}, UnknownOrder, "not known"),
        ({"account": "other"}, NeedsOperator, "No books"),
    ],
)
async def test_what_cannot_be_booked_is_refused(
    books: ManualBooks, case_id: UUID, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await books.credit_note(wish(case_id, **changes))
