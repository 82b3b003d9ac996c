"""The calls of one Xero organisation. Every write carries an Idempotency-Key, which protects it for some minutes.

Every call raises the errors of `activities._kit.errors`.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from activities._kit import http
from activities._kit.accounts import XeroAccount
from activities._kit.http import Call, number
from activities.finance.dialect import DIALECT

Document = dict[str, Any]


class XeroClient:
    """One organisation. Thin: a method is a call."""

    def __init__(self, account: XeroAccount, client: httpx.AsyncClient, bearer: Callable[[], Awaitable[str]]) -> None:
        """`bearer` gives an access token that is good now; it raises errors of `activities._kit.errors`."""
        self._account = account
        self._client = client
        self._bearer = bearer

    async def invoice(self, invoice_number: str) -> Document | None:
        """The invoice with its lines; the filter by number alone leaves them out, so it is read again by id."""
        found = await self._read("Invoices", "/Invoices", {"InvoiceNumbers": invoice_number})
        exact = [invoice for invoice in found if invoice.get("InvoiceNumber") == invoice_number]
        return await self._one("Invoices", f"/Invoices/{exact[0]['InvoiceID']}") if exact else None

    async def contacts(self, search: str) -> list[Document]:
        return await self._read("Contacts", "/Contacts", {"searchTerm": search})

    async def credit_note_numbered(self, note_number: str) -> Document | None:
        """A credit note by our number, in any status."""
        where = f'CreditNoteNumber=="{_quoted(note_number)}"'
        found = await self._read("CreditNotes", "/CreditNotes", {"where": where})
        exact = [note for note in found if note.get("CreditNoteNumber") == note_number]
        return await self.credit_note(exact[0]["CreditNoteID"]) if exact else None

    async def credit_note(self, note_id: str) -> Document | None:
        return await self._one("CreditNotes", f"/CreditNotes/{quote(note_id, safe='')}")

    async def create_credit_note(self, note: Document, key: str) -> Document:
        """PUT creates and refuses a number that exists; POST would overwrite it."""
        return await self._write("CreditNotes", "PUT", "/CreditNotes", note, key)

    async def set_status(self, note_id: str, status: str, key: str) -> Document:
        note = {"CreditNoteID": note_id, "Status": status}
        return await self._write("CreditNotes", "POST", f"/CreditNotes/{note_id}", note, key)

    async def allocate(self, note_id: str, invoice_id: str, amount: Decimal, on: date, key: str) -> None:
        body = {"Invoice": {"InvoiceID": invoice_id}, "Amount": number(amount), "Date": on.isoformat()}
        await self._write("Allocations", "PUT", f"/CreditNotes/{note_id}/Allocations", body, key)

    async def record_refund(self, note_id: str, account_code: str, amount: Decimal, on: date, reference: str, key: str) -> None:
        """Books a refund that was paid elsewhere; moves no money."""
        body = {
            "CreditNote": {"CreditNoteID": note_id},
            "Account": {"Code": account_code},
            "Amount": number(amount),
            "Date": on.isoformat(),
            "Reference": reference,
        }
        await self._write("Payments", "PUT", "/Payments", body, key)

    async def _one(self, collection: str, path: str) -> Document | None:
        found = await self._read(collection, path, None)
        return found[0] if found else None

    async def _read(self, collection: str, path: str, params: dict[str, str] | None) -> list[Document]:
        url, headers = f"{self._account.api}{path}", await self._headers()
        response = await http.send(
            self._client, DIALECT, Call.SAFE, "GET", url, headers=headers, params=params, accept=frozenset({404})
        )
        if response.status_code == 404:
            return []
        return http.read_json(DIALECT, Call.SAFE, response).get(collection) or []

    async def _write(self, collection: str, method: str, path: str, document: Document, key: str) -> Document:
        """One document a call: with several, a 200 can hold failed ones."""
        url = f"{self._account.api}{path}"
        headers = {**await self._headers(), "Idempotency-Key": key}
        body = {collection: [document]}
        response = await http.send(self._client, DIALECT, Call.WRITE, method, url, headers=headers, body=body)
        return http.read_json(DIALECT, Call.WRITE, response)[collection][0]

    async def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self._bearer()}", "xero-tenant-id": self._account.tenant_id}


def _quoted(text: str) -> str:
    """For a string within `where`; our own numbers hold neither sign, a typed one might."""
    return text.replace("\\", "").replace('"', "")
