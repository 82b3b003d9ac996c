"""One credit note, exactly once: the only step that is unsafe to repeat makes a draft, which touches no ledger
(carriers brief, section 8).

The note's number is ours, so a note whose answer was lost is found by it. Every later step reads what is there first:
authorising is harmless to repeat, and neither an allocation nor a recorded refund can be entered twice.
"""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from temporalio import activity

from activities._kit.effects import Done, Effect, EffectLedger, Found, Unfinished
from activities._kit.errors import Rejected
from activities.finance.credit_lines import credit_lines
from activities.finance.ledger import Ledger, money
from activities.finance.models import CREDIT_NOTE, CreditNote, CreditNoteRequest
from activities.finance.xero import Document, XeroClient
from domain.effects import EffectKind

_DRAFT = ("DRAFT", "SUBMITTED")
_BOOKED = ("AUTHORISED", "PAID")
_GONE = ("DELETED", "VOIDED")


class CreditNotes:
    """Writes credit notes into the ledger."""

    def __init__(self, ledger: EffectLedger, books: Ledger) -> None:
        self._ledger = ledger
        self._books = books

    @activity.defn(name=CREDIT_NOTE)
    async def credit_note(self, request: CreditNoteRequest) -> CreditNote:
        """The credit note, authorised, settled and read back.

        Raises Rejected where invoice or lines are unknown, where the ledger's total differs from what was approved (the draft
        is deleted), and where the ledger refuses; and the errors of the effect ledger.
        """
        account = self._books.account(request.account)
        crediting = _Crediting(self._books.client(request.account), account.refund_account, request)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.CREDIT_NOTE,
            provider="xero",
            account=request.account,
            request=_payload(request),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, crediting.perform, crediting.find, crediting.may_repeat)
        if done.skipped:
            return _nothing(done.currency or "")
        if done.result is None:
            return await crediting.by_hand(done.provider_id)
        return CreditNote.model_validate(done.result)


def _payload(request: CreditNoteRequest) -> dict[str, Any]:
    payload = request.model_dump(mode="json", exclude={"op_key", "case_id", "attempt", "store", "order_id"})
    amounts = {"expected_total": request.expected_total, "amount": request.amount}
    return payload | {name: None if amount is None else str(money(amount)) for name, amount in amounts.items()}


class _Crediting:
    """The calls of one credit note."""

    def __init__(self, client: XeroClient, refund_account: str, request: CreditNoteRequest) -> None:
        self._client = client
        self._refund_account = refund_account
        self._request = request
        self._again = False

    async def perform(self) -> Done | None:
        """Goes on from wherever an earlier attempt came to."""
        invoice = await self._invoice()
        lines, worth = credit_lines(invoice, self._request.lines, self._request.amount)
        note_number, note = await self._numbered()
        if note is None:
            draft = self._draft(invoice, lines, note_number)
            note = await self._client.create_credit_note(draft, self._key("draft", draft))
        await self._compare(note, worth)
        note_id = note["CreditNoteID"]
        if note["Status"] in _DRAFT:
            note = await self._client.set_status(note_id, "AUTHORISED", self._key("authorise", note_id))
        due = self._to_allocate(note, invoice)
        if due > 0:
            key = self._key("allocate", f"{due} {_today()}")
            await self._client.allocate(note_id, invoice["InvoiceID"], due, _today(), key)
        refund = self._to_record(note)
        if refund > 0:
            key = self._key("refund", f"{refund} {_today()}")
            reference = self._request.reference
            await self._client.record_refund(note_id, self._refund_account, refund, _today(), reference, key)
        return None

    async def find(self) -> Found:
        _, note = await self._numbered()
        if note is None:
            return None
        invoice = await self._invoice()
        settled = self._to_allocate(note, invoice) == 0 and self._to_record(note) == 0
        if note["Status"] not in _BOOKED or not settled:
            return Unfinished()
        found = _credit_note_of(note)
        return Done(found.credit_note_id, found.model_dump(mode="json"), found.total, found.currency)

    async def may_repeat(self) -> bool:
        """A second draft is refused by its number, and would be harmless. Xero may replay a failure it has kept under an
        Idempotency-Key, so the repeated call has another."""
        self._again = True
        return True

    async def by_hand(self, number_or_id: str) -> CreditNote:
        """What a person says is done, as the ledger holds it. Raises Rejected where it holds no such note."""
        note = await self._client.credit_note_numbered(number_or_id) or await self._client.credit_note(number_or_id)
        if note is None:
            raise Rejected(f"The ledger has no credit note {number_or_id}.")
        return _credit_note_of(note)

    async def _invoice(self) -> Document:
        invoice = await self._client.invoice(self._request.invoice_number)
        if invoice is None:
            raise Rejected(f"The ledger has no invoice {self._request.invoice_number}.")
        if invoice["Status"] not in _BOOKED:
            raise Rejected(f"Invoice {self._request.invoice_number} is {invoice['Status'].lower()} and cannot be credited.")
        return invoice

    async def _numbered(self) -> tuple[str, Document | None]:
        """Our note, or the number for it: a note that was deleted or voided keeps its number."""
        for ordinal in count(1):
            note_number = self._request.number if ordinal == 1 else f"{self._request.number}-{ordinal}"
            note = await self._client.credit_note_numbered(note_number)
            if note is None or note["Status"] not in _GONE:
                return note_number, note
        raise AssertionError("there is always another number")

    def _draft(self, invoice: Document, lines: list[Document], note_number: str) -> Document:
        return {
            "Type": "ACCRECCREDIT",
            "Status": "DRAFT",
            "CreditNoteNumber": note_number,
            "Reference": self._request.reference,
            "Contact": {"ContactID": invoice["Contact"]["ContactID"]},
            "Date": _today().isoformat(),
            "CurrencyCode": invoice["CurrencyCode"],
            "LineAmountTypes": invoice["LineAmountTypes"],
            "LineItems": lines,
        }

    async def _compare(self, note: Document, worth: Decimal) -> None:
        """A cent of difference stops here, before the books know."""
        expected = worth if self._request.expected_total is None else money(self._request.expected_total)
        total = money(note["Total"])
        if total == expected:
            return
        note_id, currency = note["CreditNoteID"], note["CurrencyCode"]
        outcome = f"Credit note {note['CreditNoteNumber']} was authorised by somebody else."
        if note["Status"] in _DRAFT:
            await self._client.set_status(note_id, "DELETED", self._key("delete", note_id))
            outcome = "Nothing was booked."
        raise Rejected(
            f"The ledger would credit {total} {currency} on invoice {self._request.invoice_number} where {expected} {currency}"
            f" was approved. {outcome}"
        )

    def _to_allocate(self, note: Document, invoice: Document) -> Decimal:
        """What is still to be set against the invoice. Nothing where the store has paid the buyer back: credit that went out
        as money cannot settle the invoice as well."""
        if self._request.refunded or _allocated(note) > 0:
            return Decimal(0)
        return min(money(note["RemainingCredit"]), money(invoice["AmountDue"]))

    def _to_record(self, note: Document) -> Decimal:
        """What the store has paid back and the ledger does not know yet."""
        return money(note["RemainingCredit"]) if self._request.refunded and not note.get("Payments") else Decimal(0)

    def _key(self, step: str, content: object) -> str:
        """Another request must have another key; so must another try that a person asked for."""
        signed = f"{json.dumps(content, sort_keys=True)} {self._request.attempt} {self._again}"
        return f"{self._request.op_key}.{step}.{hashlib.sha256(signed.encode()).hexdigest()[:12]}"


def _today() -> date:
    return datetime.now(UTC).date()


def _allocated(note: Document) -> Decimal:
    live = [allocation for allocation in note.get("Allocations") or [] if not allocation.get("IsDeleted")]
    return sum((money(allocation["Amount"]) for allocation in live), Decimal(0))


def _credit_note_of(note: Document) -> CreditNote:
    return CreditNote(
        credit_note_id=note["CreditNoteID"],
        number=str(note["CreditNoteNumber"]),
        total=money(note["Total"]),
        tax=money(note["TotalTax"]),
        currency=str(note["CurrencyCode"]),
        allocated=_allocated(note),
        recorded_refund=sum((money(payment["Amount"]) for payment in note.get("Payments") or []), Decimal(0)),
        remaining=money(note["RemainingCredit"]),
    )


def _nothing(currency: str) -> CreditNote:
    nothing = Decimal(0)
    return CreditNote(
        credit_note_id="",
        number="",
        total=nothing,
        tax=nothing,
        currency=currency,
        allocated=nothing,
        recorded_refund=nothing,
        remaining=nothing,
    )
