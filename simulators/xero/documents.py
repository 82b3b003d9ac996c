"""Xero's documents: line and tax arithmetic, and the fields that Xero adds."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

from simulators import money
from simulators.state import Document


class Invalid(Exception):
    """A validation error of a document, told as Xero's 400."""


def amount(value: Any, name: str) -> Decimal:
    """A number of a request."""
    try:
        read = money.decimal(value)
    except InvalidOperation:
        raise Invalid(f"{name} is not a number") from None
    if isinstance(value, bool) or not read.is_finite():
        raise Invalid(f"{name} is not a number")
    return read


def calculated(document: Document, rates: dict[str, Decimal]) -> Document:
    """The document with line amounts, tax and totals; raises Invalid where lines contradict themselves."""
    kind = document.get("LineAmountTypes", "Exclusive")
    if kind not in ("Exclusive", "Inclusive", "NoTax"):
        raise Invalid("LineAmountTypes is not valid")
    lines = document.get("LineItems")
    if not isinstance(lines, list) or not lines:
        raise Invalid("One or more line items must be specified")
    drawn = [_line(line, kind, rates) for line in lines]
    net = sum((money.decimal(line["LineAmount"]) for line in drawn), Decimal(0))
    tax = sum((money.decimal(line["TaxAmount"]) for line in drawn), Decimal(0))
    total = net if kind == "Inclusive" else net + tax
    totals = {"SubTotal": money.number(total - tax), "TotalTax": money.number(tax), "Total": money.number(total)}
    return {**document, **totals, "LineAmountTypes": kind, "LineItems": drawn}


def _line(line: Any, kind: str, rates: dict[str, Decimal]) -> Document:
    if not isinstance(line, dict) or not line.get("Description"):
        raise Invalid("Description is required on a line item")
    quantity = amount(line.get("Quantity", 1), "Quantity")
    unit = amount(line.get("UnitAmount", 0), "UnitAmount")
    expected = money.cents(quantity * unit)
    given = amount(line["LineAmount"], "LineAmount") if "LineAmount" in line else expected
    if given != expected:
        raise Invalid(f"The line total {given} does not match the expected line total {expected}")
    tax_type = line.get("TaxType", "NONE")
    if tax_type not in rates:
        raise Invalid(f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction.")
    rate = Decimal(0) if kind == "NoTax" else rates[tax_type]
    worked_out = expected - expected / (1 + rate) if kind == "Inclusive" else expected * rate
    tax = amount(line["TaxAmount"], "TaxAmount") if "TaxAmount" in line else money.cents(worked_out)
    return {
        "LineItemID": str(uuid4()),
        "Tracking": [],
        **line,
        "Quantity": float(quantity),
        "UnitAmount": float(unit),
        "LineAmount": money.number(expected),
        "TaxType": tax_type,
        "TaxAmount": money.number(tax),
        "AccountCode": line.get("AccountCode", ""),
    }


def moment(value: Any, name: str) -> str:
    """A date of a request in Xero's notation; takes 2026-01-31, ISO 8601 and /Date(ms)/."""
    try:
        return money.xero_date(money.parse_moment(str(value)))
    except (ValueError, TypeError):
        raise Invalid(f"{name} is not a valid date") from None


def payment_document(payment_id: str, kind: str, value: Decimal, at: datetime) -> Document:
    """A payment; ARCREDITPAYMENT is a refund booked against a credit note."""
    return {
        "PaymentID": payment_id,
        "Date": money.xero_date(at),
        "Amount": money.number(value),
        "BankAmount": money.number(value),
        "CurrencyRate": 1.0,
        "PaymentType": kind,
        "Status": "AUTHORISED",
        "Reference": "",
        "IsReconciled": False,
        "HasAccount": True,
        "HasValidationErrors": False,
        "UpdatedDateUTC": money.xero_date(money.now()),
    }
