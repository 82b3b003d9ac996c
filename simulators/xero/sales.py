"""Contacts, invoices and tax rates of the Xero organisation."""

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.state import Document, State
from simulators.xero.access import filtered, is_uuid, ledger, not_found


def balances(state: State, contact_id: str) -> Document:
    """What a contact owes over open invoices: outstanding, and the part past its due date."""
    outstanding = overdue = Decimal(0)
    for record in state.all("xero.invoices"):
        invoice = record["data"]
        if invoice["Contact"]["ContactID"] == contact_id and invoice["Status"] == "AUTHORISED":
            due = money.decimal(invoice["AmountDue"])
            outstanding += due
            if money.parse_moment(invoice["DueDate"]) < money.now():
                overdue += due
    receivable = {"Outstanding": money.number(outstanding), "Overdue": money.number(overdue)}
    return {"AccountsReceivable": receivable, "AccountsPayable": {"Outstanding": 0.0, "Overdue": 0.0}}


def _with_balances(state: State, contact: Document) -> Document:
    return {**contact, "Balances": balances(state, contact["ContactID"])}


async def list_contacts(request: Request, state: State, held: Document) -> Response:
    """GET /Contacts with where, IDs and searchTerm."""
    found = [record["data"] for record in state.all("xero.contacts")]
    query = request.query_params
    if "IDs" in query:
        found = [contact for contact in found if contact["ContactID"] in query["IDs"].split(",")]
    if words := query.get("searchTerm", "").lower():
        found = [c for c in found if words in f"{c['Name']} {c['EmailAddress']} {c.get('ContactNumber', '')}".lower()]
    found = filtered(request, found)
    return JSONResponse({"Contacts": [_with_balances(state, contact) for contact in found]})


async def get_contact(request: Request, state: State, held: Document) -> Response:
    """GET /Contacts/{ContactID}, or by ContactNumber."""
    key = request.path_params["key"]
    for record in state.all("xero.contacts"):
        if key in (record["data"]["ContactID"], record["data"].get("ContactNumber")):
            return JSONResponse({"Contacts": [_with_balances(state, record["data"])]})
    return not_found()


async def list_invoices(request: Request, state: State, held: Document) -> Response:
    """GET /Invoices with InvoiceNumbers, IDs, ContactIDs, Statuses, where and searchTerm."""
    found = [record["data"] for record in state.all("xero.invoices")]
    query = request.query_params
    filters = {
        "InvoiceNumbers": lambda invoice: invoice["InvoiceNumber"],
        "IDs": lambda invoice: invoice["InvoiceID"],
        "ContactIDs": lambda invoice: invoice["Contact"]["ContactID"],
        "Statuses": lambda invoice: invoice["Status"],
    }
    for name, read in filters.items():
        if name in query:
            wanted = [part.strip() for part in query[name].split(",")]
            found = [invoice for invoice in found if read(invoice) in wanted]
    if words := query.get("searchTerm", "").lower():
        found = [invoice for invoice in found if words in f"{invoice['InvoiceNumber']} {invoice['Reference']}".lower()]
    return JSONResponse({"Invoices": filtered(request, found)})


async def get_invoice(request: Request, state: State, held: Document) -> Response:
    """GET /Invoices/{InvoiceID}, or by InvoiceNumber."""
    record = invoice_record(state, request.path_params["key"])
    return JSONResponse({"Invoices": [record["data"]]}) if record else not_found()


def invoice_record(state: State, key: str) -> Document | None:
    """An invoice by id or number, free to be changed."""
    if is_uuid(key):
        return state.get("xero.invoices", key.lower())
    for record in state.all("xero.invoices"):
        if record["data"]["InvoiceNumber"] == key:
            return state.get("xero.invoices", record["data"]["InvoiceID"])
    return None


def reduce_due(invoice: Document, change: Decimal, field: str) -> None:
    """Count an amount as paid or credited (AmountPaid, AmountCredited; negative takes back) and set due and status."""
    invoice[field] = money.number(money.decimal(invoice[field]) + change)
    due = money.decimal(invoice["AmountDue"]) - change
    invoice["AmountDue"] = money.number(due)
    invoice["Status"] = "PAID" if due == 0 else "AUTHORISED"
    invoice["UpdatedDateUTC"] = money.xero_date(money.now())
    if due == 0:
        invoice["FullyPaidOnDate"] = money.xero_date(money.now())
    else:
        invoice.pop("FullyPaidOnDate", None)


async def list_tax_rates(request: Request, state: State, held: Document) -> Response:
    """GET /TaxRates; rates are percentages there."""
    rates = [
        {
            "Name": rate["name"],
            "TaxType": rate["tax_type"],
            "Status": "ACTIVE",
            "EffectiveRate": float(Decimal(rate["rate"]) * 100),
            "DisplayTaxRate": float(Decimal(rate["rate"]) * 100),
            "CanApplyToRevenue": True,
            "TaxComponents": [],
        }
        for rate in held["tax_rates"]
    ]
    return JSONResponse({"TaxRates": rates})


def routes() -> list[Route]:
    """The routes below `/xero/api.xro/2.0`."""
    return [
        Route("/Contacts", ledger("contacts", list_contacts), methods=["GET"]),
        Route("/Contacts/{key}", ledger("contacts", get_contact), methods=["GET"]),
        Route("/Invoices", ledger("invoices", list_invoices), methods=["GET"]),
        Route("/Invoices/{key}", ledger("invoices", get_invoice), methods=["GET"]),
        Route("/TaxRates", ledger("tax_rates", list_tax_rates), methods=["GET"]),
    ]
