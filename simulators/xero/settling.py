"""What settles a credit note in the Xero organisation: allocations to invoices, and refunds recorded as payments."""

from decimal import Decimal
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.state import Document, State
from simulators.xero.access import filtered, ledger, not_found, one_document
from simulators.xero.credit_notes import note_record
from simulators.xero.documents import Invalid, amount, moment, payment_document
from simulators.xero.sales import invoice_record, reduce_due


def _use_credit(note: Document, value: Decimal) -> None:
    """Take from (or with a negative value give back to) what is left of a credit note."""
    remaining = money.decimal(note["RemainingCredit"]) - value
    note["RemainingCredit"] = money.number(remaining)
    note["AppliedAmount"] = money.number(money.decimal(note["Total"]) - remaining)
    note["Status"] = "PAID" if remaining == 0 else "AUTHORISED"
    note["UpdatedDateUTC"] = money.xero_date(money.now())


async def put_allocation(request: Request, state: State, held: Document) -> Response:
    """PUT /CreditNotes/{id}/Allocations: never more than the credit left or the amount due."""
    note_found = note_record(state, request.path_params["key"])
    if note_found is None:
        return not_found()
    note = note_found["data"]
    asked = await one_document(request, "Allocations")
    for name in ("Amount", "Invoice", "Date"):
        if not asked.get(name):
            raise Invalid(f"{name} is required")
    value = amount(asked["Amount"], "Amount")
    key = str(asked["Invoice"].get("InvoiceID") or asked["Invoice"].get("InvoiceNumber") or "")
    invoice_found = invoice_record(state, key)
    if invoice_found is None:
        raise Invalid("Invoice could not be found")
    invoice = invoice_found["data"]
    _check_allocation(note, invoice, value)
    allocation = {
        "AllocationID": str(uuid4()),
        "Amount": money.number(value),
        "Date": moment(asked["Date"], "Date"),
        "Invoice": {"InvoiceID": invoice["InvoiceID"], "InvoiceNumber": invoice["InvoiceNumber"]},
        "IsDeleted": False,
    }
    _use_credit(note, value)
    reduce_due(invoice, value, "AmountCredited")
    note["Allocations"].append(allocation)
    applied = {"CreditNoteID": note["CreditNoteID"], "CreditNoteNumber": note["CreditNoteNumber"]}
    invoice["CreditNotes"].append({**applied, "AppliedAmount": money.number(value)})
    with state.transaction() as transaction:
        transaction.put("xero.credit_notes", note["CreditNoteID"], note_found)
        transaction.put("xero.invoices", invoice["InvoiceID"], invoice_found)
        kept = {"store": invoice_found["store"], "data": {**allocation, "CreditNote": applied}}
        transaction.put("xero.allocations", allocation["AllocationID"], kept)
        webhooks.ledger_changed(request.app, transaction, "CREDITNOTE", note["CreditNoteID"])
        webhooks.ledger_changed(request.app, transaction, "INVOICE", invoice["InvoiceID"])
    return JSONResponse({"Allocations": [allocation]})


def _check_allocation(note: Document, invoice: Document, value: Decimal) -> None:
    if note["Status"] not in ("AUTHORISED", "PAID"):
        raise Invalid("The credit note must be authorised before it can be allocated")
    if invoice["Status"] not in ("AUTHORISED", "PAID"):
        raise Invalid("The invoice must be authorised")
    if invoice["Contact"]["ContactID"] != note["Contact"]["ContactID"]:
        raise Invalid("The credit note and the invoice must have the same contact")
    if value <= 0:
        raise Invalid("The amount must be greater than zero")
    if value > money.decimal(note["RemainingCredit"]):
        raise Invalid(f"The amount exceeds the remaining credit of {note['RemainingCredit']:.2f}")
    if value > money.decimal(invoice["AmountDue"]):
        raise Invalid(f"The amount exceeds the amount due of {invoice['AmountDue']:.2f}")


async def delete_allocation(request: Request, state: State, held: Document) -> Response:
    """DELETE /CreditNotes/{id}/Allocations/{AllocationID}: gives credit and debt back."""
    record = note_record(state, request.path_params["key"])
    allocation_id = request.path_params["allocation_id"]
    kept = state.get("xero.allocations", allocation_id)
    if record is None or kept is None or kept["data"]["CreditNote"]["CreditNoteID"] != record["data"]["CreditNoteID"]:
        return not_found()
    note, value = record["data"], money.decimal(kept["data"]["Amount"])
    invoice = state.get("xero.invoices", kept["data"]["Invoice"]["InvoiceID"])
    assert invoice is not None
    _use_credit(note, -value)
    reduce_due(invoice["data"], -value, "AmountCredited")
    note["Allocations"] = [a for a in note["Allocations"] if a["AllocationID"] != allocation_id]
    invoice["data"]["CreditNotes"] = [
        applied for applied in invoice["data"]["CreditNotes"] if applied["CreditNoteID"] != note["CreditNoteID"]
    ]
    with state.transaction() as transaction:
        transaction.put("xero.credit_notes", note["CreditNoteID"], record)
        transaction.put("xero.invoices", invoice["data"]["InvoiceID"], invoice)
        transaction.delete("xero.allocations", allocation_id)
    removed = {name: value for name, value in kept["data"].items() if name != "CreditNote"}
    return JSONResponse(removed | {"IsDeleted": True})


async def put_payment(request: Request, state: State, held: Document) -> Response:
    """PUT /Payments: against a credit note it records a refund, against an invoice a receipt."""
    asked = await one_document(request, "Payments")
    value = amount(asked.get("Amount"), "Amount")
    if value <= 0:
        raise Invalid("The amount must be greater than zero")
    account = asked.get("Account")
    if not isinstance(account, dict) or not (account.get("Code") or account.get("AccountID")):
        raise Invalid("An Account with Code or AccountID is required")
    if asked.get("CreditNote"):
        record, payment = _refund_credit(state, asked["CreditNote"], value)
        collection, key = "xero.credit_notes", record["data"]["CreditNoteID"]
    elif asked.get("Invoice"):
        record, payment = _receive(state, asked["Invoice"], value)
        collection, key = "xero.invoices", record["data"]["InvoiceID"]
    else:
        raise Invalid("A payment needs an Invoice or a CreditNote")
    payment |= {"Account": account, "Reference": asked.get("Reference", "")}
    if asked.get("Date"):
        payment["Date"] = moment(asked["Date"], "Date")
    record["data"]["Payments"].append({name: payment[name] for name in ("PaymentID", "Date", "Amount", "Reference")})
    with state.transaction() as transaction:
        transaction.put(collection, key, record)
        transaction.put("xero.payments", payment["PaymentID"], {"store": record["store"], "data": payment})
    return JSONResponse({"Payments": [payment]})


def _refund_credit(state: State, asked: Document, value: Decimal) -> tuple[Document, Document]:
    record = note_record(state, str(asked.get("CreditNoteID") or asked.get("CreditNoteNumber") or ""))
    if record is None:
        raise Invalid("Credit note could not be found")
    note = record["data"]
    if note["Status"] not in ("AUTHORISED", "PAID"):
        raise Invalid("The credit note must be authorised before it can be refunded")
    if value > money.decimal(note["RemainingCredit"]):
        raise Invalid(f"Payment amount exceeds the remaining credit of {note['RemainingCredit']:.2f}")
    _use_credit(note, value)
    payment = payment_document(str(uuid4()), "ARCREDITPAYMENT", value, money.now())
    return record, payment | {"CreditNote": {name: note[name] for name in ("CreditNoteID", "CreditNoteNumber")}}


def _receive(state: State, asked: Document, value: Decimal) -> tuple[Document, Document]:
    record = invoice_record(state, str(asked.get("InvoiceID") or asked.get("InvoiceNumber") or ""))
    if record is None:
        raise Invalid("Invoice could not be found")
    invoice = record["data"]
    if value > money.decimal(invoice["AmountDue"]):
        raise Invalid("Payment amount exceeds the amount outstanding on this document")
    reduce_due(invoice, value, "AmountPaid")
    payment = payment_document(str(uuid4()), "ACCRECPAYMENT", value, money.now())
    return record, payment | {"Invoice": {name: invoice[name] for name in ("InvoiceID", "InvoiceNumber")}}


async def list_payments(request: Request, state: State, held: Document) -> Response:
    """GET /Payments with where."""
    found = [record["data"] for record in state.all("xero.payments")]
    return JSONResponse({"Payments": filtered(request, found)})


def routes() -> list[Route]:
    """The routes below `/xero/api.xro/2.0`."""
    allocations = "/CreditNotes/{key}/Allocations"
    one = f"{allocations}/{{allocation_id}}"
    return [
        Route(allocations, ledger("allocation", put_allocation), methods=["PUT"]),
        Route(one, ledger("allocation_delete", delete_allocation), methods=["DELETE"]),
        Route("/Payments", ledger("payments", list_payments), methods=["GET"]),
        Route("/Payments", ledger("payment", put_payment), methods=["PUT"]),
    ]
