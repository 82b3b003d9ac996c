"""The ledger: invoices read, credit notes written. Amounts are Decimal in the invoice's currency, tax included unless named."""

from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

CREDIT_NOTE = "finance.credit_note"
"""Activity name: one credit note, compared, authorised, settled and read back. Input CreditNoteRequest, output CreditNote."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Invoice(_Model):
    invoice_id: str
    number: str
    status: str
    currency: str
    total: Decimal
    amount_due: Decimal
    amount_paid: Decimal
    amount_credited: Decimal


class Contact(_Model):
    """A customer of the ledger and what is owed over all its open invoices, in the ledger's base currency."""

    contact_id: str
    name: str
    outstanding: Decimal
    overdue: Decimal


class CreditLine(_Model):
    sku: str
    quantity: int


class CreditNoteRequest(_Model):
    """Credit these quantities of an invoice's lines. The ledger's total must equal `expected_total` to the cent before
    anything is authorised (None: the lines' own worth). An invoice with something due gets it allocated, up to what is due;
    `refunded` says that the store has paid the buyer back, which is then recorded against the note. `amount` (tax included)
    credits less than the lines are worth. `number` is how the note is called in the books: one of ours, the same at every
    attempt. `attempt` counts the times a person has asked for it, the first time included."""

    op_key: str
    case_id: UUID
    account: str
    number: str
    invoice_number: str
    lines: tuple[CreditLine, ...]
    expected_total: Decimal | None
    refunded: bool
    reference: str
    reason: str
    amount: Decimal | None = None
    store: str = ""
    order_id: str = ""
    """The order that was invoiced, for books that do not know its lines."""
    attempt: int = 1


class CreditNote(_Model):
    """A credit note as the ledger holds it. `credit_note_id` is empty where a person decided to skip it; `tax` is None in books
    that people keep."""

    credit_note_id: str
    number: str
    total: Decimal
    tax: Decimal | None
    currency: str
    allocated: Decimal
    recorded_refund: Decimal
    remaining: Decimal


def ledger_queue(account: str) -> str:
    """The task queue of a ledger account, rate-limited there."""
    return f"xero-{account}"
