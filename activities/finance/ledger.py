"""What the ledger knows: invoices and contacts."""

from decimal import Decimal
from typing import Any

import httpx

from activities._kit.accounts import Accounts, XeroAccount
from activities._kit.errors import NeedsOperator
from activities.finance.models import Contact, Invoice
from activities.finance.xero import Document, XeroClient
from activities.finance.xero_access import XeroAccess


def money(value: Any) -> Decimal:
    """An amount as Xero writes it, in cents; nothing counts as 0."""
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


class Ledger:
    """Reads from the ledger accounts of the merchant. Raises Transient and NeedsOperator."""

    def __init__(self, accounts: Accounts, client: httpx.AsyncClient, access: XeroAccess) -> None:
        self._accounts = accounts
        self._http = client
        self._access = access

    def client(self, account: str) -> XeroClient:
        """The calls of one account."""
        held = self.account(account)
        return XeroClient(held, self._http, lambda: self._access.bearer(account, held))

    def account(self, account: str) -> XeroAccount:
        """Raises NeedsOperator where it is not configured."""
        held = self._accounts.xero.get(account)
        if held is None:
            raise NeedsOperator(f"No Xero account {account!r} is configured.")
        return held

    async def invoice(self, account: str, number: str) -> Invoice | None:
        """The invoice of this number; None where the ledger has none."""
        found = await self.client(account).invoice(number)
        return None if found is None else invoice_of(found)

    async def contact(self, account: str, name: str) -> Contact | None:
        """The contact of exactly this name (letter case ignored) or contact number."""
        wanted = name.strip().lower()
        for contact in await self.client(account).contacts(name):
            if wanted in (str(contact.get("Name", "")).lower(), str(contact.get("ContactNumber", "")).lower()):
                receivable = (contact.get("Balances") or {}).get("AccountsReceivable") or {}
                return Contact(
                    contact_id=contact["ContactID"],
                    name=contact["Name"],
                    outstanding=money(receivable.get("Outstanding")),
                    overdue=money(receivable.get("Overdue")),
                )
        return None


def invoice_of(invoice: Document) -> Invoice:
    """An invoice as Xero writes it, as our model."""
    return Invoice(
        invoice_id=invoice["InvoiceID"],
        number=str(invoice.get("InvoiceNumber") or ""),
        status=str(invoice["Status"]),
        currency=str(invoice["CurrencyCode"]),
        total=money(invoice["Total"]),
        amount_due=money(invoice.get("AmountDue")),
        amount_paid=money(invoice.get("AmountPaid")),
        amount_credited=money(invoice.get("AmountCredited")),
    )
