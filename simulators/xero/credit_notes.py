"""Credit notes of the Xero organisation: drafts, authorising, voiding, and their PDF."""

import json
from decimal import Decimal
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.shipstation.label_document import text_pdf
from simulators.state import Document, State
from simulators.xero.access import filtered, is_uuid, ledger, not_found, one_document
from simulators.xero.documents import Invalid, calculated, moment

CREATED_AS = ("DRAFT", "SUBMITTED", "AUTHORISED")
STEPS = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"AUTHORISED"},
    "DELETED": {"DELETED"},
    "VOIDED": {"VOIDED"},
}
"""Which statuses a credit note may be asked to take; asking for the one it has changes nothing."""

CHANGEABLE = ("Contact", "Date", "LineAmountTypes", "LineItems", "Reference", "CreditNoteNumber", "CurrencyCode")


def rates(held: Document) -> dict[str, Decimal]:
    """Tax fractions by TaxType."""
    return {rate["tax_type"]: Decimal(rate["rate"]) for rate in held["tax_rates"]}


def note_record(state: State, key: str) -> Document | None:
    """A credit note by id or number, free to be changed."""
    if is_uuid(key):
        return state.get("xero.credit_notes", key.lower())
    for record in state.all("xero.credit_notes"):
        if record["data"]["CreditNoteNumber"] == key:
            return state.get("xero.credit_notes", record["data"]["CreditNoteID"])
    return None


async def list_notes(request: Request, state: State, held: Document) -> Response:
    """GET /CreditNotes with where; the specification has no filter by number but this."""
    found = [record["data"] for record in state.all("xero.credit_notes")]
    return JSONResponse({"CreditNotes": filtered(request, found)})


async def get_note(request: Request, state: State, held: Document) -> Response:
    """GET /CreditNotes/{CreditNoteID}, or by number; as PDF when that is accepted."""
    record = note_record(state, request.path_params["key"])
    if record is None:
        return not_found()
    if request.headers.get("accept", "").startswith("application/pdf"):
        return _pdf(record["data"])
    return JSONResponse({"CreditNotes": [record["data"]]})


async def get_pdf(request: Request, state: State, held: Document) -> Response:
    """GET /CreditNotes/{CreditNoteID}/pdf."""
    record = note_record(state, request.path_params["key"])
    return _pdf(record["data"]) if record else not_found()


def _pdf(note: Document) -> Response:
    lines = [
        f"CREDIT NOTE {note['CreditNoteNumber']}",
        f"Reference {note['Reference']}",
        f"To {note['Contact'].get('Name', '')}",
        "",
        *(f"{line['Quantity']:g} x {line['Description'][:40]}  {line['LineAmount']:.2f}" for line in note["LineItems"]),
        "",
        f"Net {note['SubTotal']:.2f}  Tax {note['TotalTax']:.2f}",
        f"Total {note['Total']:.2f} {note['CurrencyCode']}",
    ]
    return Response(text_pdf(lines), media_type="application/pdf")


async def put_note(request: Request, state: State, held: Document) -> Response:
    """PUT /CreditNotes: creates; a number that exists is refused."""
    draft = await one_document(request, "CreditNotes")
    if draft.get("CreditNoteNumber") and note_record(state, str(draft["CreditNoteNumber"])):
        raise Invalid("Credit note number must be unique.")
    return JSONResponse({"CreditNotes": [_create(request, state, held, draft)]})


async def post_notes(request: Request, state: State, held: Document) -> Response:
    """POST /CreditNotes: updates the one with the id or number, else creates."""
    draft = await one_document(request, "CreditNotes")
    key = str(draft.get("CreditNoteID") or draft.get("CreditNoteNumber") or "")
    record = note_record(state, key) if key else None
    note = _update(request, state, held, record, draft) if record else _create(request, state, held, draft)
    return JSONResponse({"CreditNotes": [note]})


async def post_note(request: Request, state: State, held: Document) -> Response:
    """POST /CreditNotes/{CreditNoteID}: authorise, void, delete, or change a draft."""
    record = note_record(state, request.path_params["key"])
    if record is None:
        return not_found()
    draft = await one_document(request, "CreditNotes")
    return JSONResponse({"CreditNotes": [_update(request, state, held, record, draft)]})


async def what_is_asked(request: Request) -> str:
    """The operation of a POST by the status it asks for: authorise, void or credit_note_update."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return "credit_note_update"
    notes = body.get("CreditNotes") if isinstance(body, dict) else None
    note = notes[0] if isinstance(notes, list) and notes else body
    status = note.get("Status") if isinstance(note, dict) else None
    return {"AUTHORISED": "authorise", "VOIDED": "void", "DELETED": "void"}.get(str(status), "credit_note_update")


def _contact(state: State, draft: Document) -> Document:
    asked = draft.get("Contact")
    if not isinstance(asked, dict):
        raise Invalid("A Contact must be specified for this type of transaction")
    for record in state.all("xero.contacts"):
        contact = record["data"]
        for name in ("ContactID", "ContactNumber", "Name"):
            if asked.get(name) and asked[name] == contact.get(name):
                return {"ContactID": contact["ContactID"], "Name": contact["Name"]}
    raise Invalid("The contact could not be found")


def _create(request: Request, state: State, held: Document, draft: Document) -> Document:
    if draft.get("Type") not in ("ACCRECCREDIT", "ACCPAYCREDIT"):
        raise Invalid("Type is not valid")
    status = draft.get("Status", "DRAFT")
    if status not in CREATED_AS:
        raise Invalid(f"A credit note cannot be created with status {status}")
    contact = _contact(state, draft)
    drawn = calculated(draft, rates(held))
    with state.transaction() as transaction:
        number = draft.get("CreditNoteNumber") or f"CN-{transaction.next_number('xero.credit_note_numbers'):04d}"
        note = {
            "CreditNoteID": str(uuid4()),
            "CreditNoteNumber": number,
            "Type": draft["Type"],
            "Status": status,
            "Contact": contact,
            "Reference": draft.get("Reference", ""),
            "Date": moment(draft["Date"], "Date") if draft.get("Date") else money.xero_date(money.now()),
            "LineAmountTypes": drawn["LineAmountTypes"],
            "LineItems": drawn["LineItems"],
            "SubTotal": drawn["SubTotal"],
            "TotalTax": drawn["TotalTax"],
            "Total": drawn["Total"],
            "RemainingCredit": drawn["Total"],
            "AppliedAmount": 0.0,
            "CurrencyCode": draft.get("CurrencyCode", "EUR"),
            "CurrencyRate": 1.0,
            "SentToContact": False,
            "Allocations": [],
            "Payments": [],
            "HasAttachments": False,
            "HasErrors": False,
            "UpdatedDateUTC": money.xero_date(money.now()),
        }
        _put(request, transaction, state, note)
    return note


def _update(request: Request, state: State, held: Document, record: Document, draft: Document) -> Document:
    note = record["data"]
    status = draft.get("Status", note["Status"])
    if status not in STEPS[note["Status"]]:
        raise Invalid(f"Credit note of status {note['Status']} cannot become {status}")
    if status == "VOIDED" and (note["Allocations"] or note["Payments"]):
        raise Invalid("The credit note has allocations or payments and cannot be voided")
    changes = {name: draft[name] for name in CHANGEABLE if name in draft}
    if changes and note["Status"] in ("DRAFT", "SUBMITTED"):
        if "Contact" in changes:
            changes["Contact"] = _contact(state, changes)
        if "Date" in changes:
            changes["Date"] = moment(changes["Date"], "Date")
        note = calculated({**note, **changes}, rates(held))
        note["RemainingCredit"] = note["Total"]
    elif "LineItems" in changes and note["Status"] != "PAID":
        raise Invalid("The lines of an authorised credit note cannot be changed")
    if note["Status"] != "PAID":
        note["Status"] = status
    note["UpdatedDateUTC"] = money.xero_date(money.now())
    with state.transaction() as transaction:
        _put(request, transaction, state, note)
    return note


def _put(request: Request, transaction, state: State, note: Document) -> None:
    owner = state.get("xero.contacts", note["Contact"]["ContactID"]) or {"store": None}
    transaction.put("xero.credit_notes", note["CreditNoteID"], {"store": owner["store"], "data": note})
    webhooks.ledger_changed(request.app, transaction, "CREDITNOTE", note["CreditNoteID"])


def routes() -> list[Route]:
    """The routes below `/xero/api.xro/2.0`."""
    one = "/CreditNotes/{key}"
    return [
        Route("/CreditNotes", ledger("credit_notes", list_notes), methods=["GET"]),
        Route("/CreditNotes", ledger("credit_note", put_note), methods=["PUT"]),
        Route("/CreditNotes", ledger(what_is_asked, post_notes), methods=["POST"]),
        Route(one, ledger("credit_notes", get_note), methods=["GET"]),
        Route(one, ledger(what_is_asked, post_note), methods=["POST"]),
        Route(f"{one}/pdf", ledger("pdf", get_pdf), methods=["GET"]),
    ]
