"""The lines of a credit note, drawn from the lines of its invoice so that tax and accounts agree."""

from collections.abc import Sequence
from decimal import Decimal

from activities._kit.errors import Rejected
from activities._kit.http import number
from activities.finance.ledger import money
from activities.finance.models import CreditLine
from activities.finance.xero import Document

_COPIED = ("Description", "UnitAmount", "ItemCode", "AccountCode", "TaxType", "DiscountRate", "Tracking")
"""What a credited line has in common with the invoiced one, whatever the quantity."""


def credit_lines(invoice: Document, wanted: Sequence[CreditLine], amount: Decimal | None) -> tuple[list[Document], Decimal]:
    """The lines as Xero takes them, and what they add up to with tax; `amount`, where given, is reached by deductions.

    Raises Rejected where the invoice does not hold the lines, or where `amount` is more than they are worth.
    """
    inclusive = invoice.get("LineAmountTypes") == "Inclusive"
    drawn = [part for line in wanted for part in _parts(invoice, line)]
    worth = sum((_gross(line, inclusive) for line in drawn), Decimal(0))
    if amount is None or money(amount) == worth:
        return [_sendable(line) for line in drawn], worth
    if money(amount) > worth:
        raise Rejected(f"{amount} is more than these lines of invoice {invoice['InvoiceNumber']} are worth: {worth}.")
    deductions = _deductions(drawn, worth - money(amount), inclusive)
    return [_sendable(line) for line in (*drawn, *deductions)], money(amount)


def _parts(invoice: Document, wanted: CreditLine) -> list[Document]:
    """`wanted` taken from the invoice's lines of this SKU, one after the other."""
    left, parts = Decimal(wanted.quantity), []
    for line in invoice.get("LineItems") or []:
        invoiced = Decimal(str(line.get("Quantity") or 0))
        if line.get("ItemCode") != wanted.sku or left <= 0 or invoiced <= 0:
            continue
        taken = min(left, invoiced)
        left -= taken
        part = {name: line[name] for name in _COPIED if line.get(name) not in (None, "")}
        part |= {"Quantity": taken, "LineAmount": _share(line.get("LineAmount"), taken, invoiced)}
        part["TaxAmount"] = _share(line.get("TaxAmount"), taken, invoiced)
        if line.get("DiscountAmount"):
            part["DiscountAmount"] = _share(line["DiscountAmount"], taken, invoiced)
        parts.append(part)
    if left > 0:
        held = int(wanted.quantity - left)
        raise Rejected(f"Invoice {invoice['InvoiceNumber']} has {held} of {wanted.sku}; {wanted.quantity} cannot be credited.")
    return parts


def _share(amount: object, taken: Decimal, whole: Decimal) -> Decimal:
    return money(Decimal(str(amount or 0)) * taken / whole)


def _gross(line: Document, inclusive: bool) -> Decimal:
    return line["LineAmount"] if inclusive else line["LineAmount"] + line["TaxAmount"]


def _deductions(lines: Sequence[Document], amount: Decimal, inclusive: bool) -> list[Document]:
    """Negative lines with the account and tax of what they take from, none taking more than its line is worth."""
    deductions = []
    for line in lines:
        worth = _gross(line, inclusive)
        share = min(amount, worth)
        if share <= 0:
            continue
        amount -= share
        tax = money(line["TaxAmount"] * share / worth)
        unit = share if inclusive else share - tax
        deduction = {name: line[name] for name in ("AccountCode", "TaxType", "Tracking") if name in line}
        described = f"Deduction: {line.get('Description', '')}"
        deductions.append(
            deduction
            | {"Description": described, "Quantity": Decimal(1), "UnitAmount": -unit, "LineAmount": -unit, "TaxAmount": -tax}
        )
    return deductions


def _sendable(line: Document) -> Document:
    """Without LineAmount: Xero works it out, and its total is compared before anything is authorised."""
    sent = {name: value for name, value in line.items() if name != "LineAmount"}
    for name in ("Quantity", "UnitAmount", "DiscountRate"):
        if name in sent:
            sent[name] = float(sent[name])
    for name in ("TaxAmount", "DiscountAmount"):
        if name in sent:
            sent[name] = number(sent[name])
    return sent
