"""The calls of one ShipStation account (the former ShipEngine), API v1.

Every call raises the errors of `activities._kit.errors`; the mapping of error codes follows section 5 of the carriers brief.
"""

import base64
import binascii
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from activities._kit import http
from activities._kit.accounts import Accounts, ShipStationAccount
from activities._kit.errors import Ambiguous, NeedsOperator, NotSupported, OutsideError, Rejected, Transient
from activities._kit.http import Call, Dialect, pause_in_seconds

Document = dict[str, Any]

_NEEDS_OPERATOR = frozenset(
    "carrier_disconnected carrier_not_connected forbidden funding_source_error funding_source_missing_configuration"
    " funding_source_registration_in_progress insufficient_funds invalid_billing_plan meter_failure subscription_inactive"
    " terms_not_accepted trial_expired unauthorized".split()
)
_NOT_SUPPORTED = frozenset("carrier_not_supported return_label_not_supported tracking_not_supported".split())
_CHARGE_EVENT = "invalid_charge_event"
_PAGE = 100


def _errors(response: httpx.Response) -> list[Document]:
    try:
        body = response.json()
    except ValueError:
        return []
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors or [] if isinstance(error, dict)]


def _words(response: httpx.Response) -> str:
    told = [str(error.get("message") or error.get("error_code") or "") for error in _errors(response)]
    return "; ".join(filter(None, told)) or response.text[:200] or response.reason_phrase


def _verdict(response: httpx.Response, call: Call) -> OutsideError | None:
    """ShipStation says more by its codes than by the HTTP status."""
    for error in _errors(response):
        code, words = str(error.get("error_code")), f"ShipStation: {_words(response)}"
        if code == "rate_limit_exceeded":
            return Transient(words, retry_after=http.with_jitter(_pause(response.headers)))
        if code in _NEEDS_OPERATOR:
            return NeedsOperator(words)
        if code in _NOT_SUPPORTED:
            return NotSupported(words)
        if error.get("error_source") == "carrier" and error.get("error_type") == "system":
            return Ambiguous(words) if call is Call.WRITE else Transient(words)
        if code == _CHARGE_EVENT:
            return Rejected(words, details=(code,))
    return None


def _pause(headers: httpx.Headers) -> float | None:
    return pause_in_seconds(headers, "Retry-After")


DIALECT = Dialect("ShipStation", _words, _pause, _verdict)


def client_of(accounts: Accounts, name: str, client: httpx.AsyncClient) -> "ShipStationClient":
    """The calls of the account of that name. Raises NeedsOperator where there is none."""
    held = accounts.shipstation.get(name)
    if held is None:
        raise NeedsOperator(f"No ShipStation account {name!r} is configured.")
    return ShipStationClient(held, client)


class ShipStationClient:
    """One account. Thin: a method is a call."""

    def __init__(self, account: ShipStationAccount, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client
        self._headers = {"API-Key": account.key}

    async def label_of_shipment(self, external_shipment_id: str) -> Document | None:
        """The label bought under our own id; None where there is none."""
        path = f"/v1/labels/external_shipment_id/{quote(external_shipment_id, safe='')}"
        return await self._read(path, {"label_download_type": "inline"})

    async def label(self, label_id: str) -> Document | None:
        return await self._read(f"/v1/labels/{quote(label_id, safe='')}")

    async def buy_label(self, body: Document) -> None:
        """Buys a label, charged once the carrier takes the parcel where the carrier offers that, else at once."""
        accepted = {**body, "charge_event": "on_carrier_acceptance"}
        try:
            await self._write("POST", "/v1/labels", accepted)
        except Rejected as error:
            if _CHARGE_EVENT not in error.details:
                raise
            await self._write("POST", "/v1/labels", body)

    async def void_label(self, label_id: str) -> Document:
        """`approved`, `message` and `reason_code`: a refusal comes with 200."""
        response = await self._write("PUT", f"/v1/labels/{quote(label_id, safe='')}/void", None)
        return http.read_json(DIALECT, Call.WRITE, response)

    async def tracking(self, carrier_code: str, number: str) -> Document:
        return await self._read("/v1/tracking", {"carrier_code": carrier_code, "tracking_number": number}) or {}

    async def follow(self, carrier_code: str, number: str) -> None:
        """Has the account's hooks tell of this parcel, whoever bought its label. Repeating it changes nothing."""
        params = {"carrier_code": carrier_code, "tracking_number": number}
        url = f"{self._account.api}/v1/tracking/start"
        await http.send(self._client, DIALECT, Call.SAFE, "POST", url, headers=self._headers, params=params)

    async def pickups(self, carrier_id: str, since: datetime) -> list[Document]:
        """Every pick-up that this carrier was told of since then."""
        found: list[Document] = []
        while True:
            page = len(found) // _PAGE + 1
            params = {
                "carrier_id": carrier_id,
                "created_at_start": since.isoformat(),
                "page": str(page),
                "page_size": str(_PAGE),
            }
            some = (await self._read("/v1/pickups", params) or {}).get("pickups") or []
            found += some
            if len(some) < _PAGE:
                return found

    async def schedule_pickup(self, body: Document) -> None:
        await self._write("POST", "/v1/pickups", body)

    async def cancel_pickup(self, pickup_id: str) -> None:
        """One that is not there does not come either."""
        url = f"{self._account.api}/v1/pickups/{quote(pickup_id, safe='')}"
        await http.send(self._client, DIALECT, Call.WRITE, "DELETE", url, headers=self._headers, accept=frozenset({404}))

    async def hooks(self) -> list[Document]:
        return await self._read("/v1/environment/webhooks") or []

    async def create_hook(self, event: str, url: str) -> None:
        body = {"event": event, "url": url, "name": "Casework"}
        address = f"{self._account.api}/v1/environment/webhooks"
        await http.send(
            self._client, DIALECT, Call.SAFE, "POST", address, headers=self._headers, body=body, accept=frozenset({409})
        )

    async def document(self, label: Document) -> bytes:
        """The label's bytes. Links end after 90 days, so they are read at once. Raises Transient where there are none."""
        href = str((label.get("label_download") or {}).get("href") or "")
        if href.startswith("data:"):
            try:
                return base64.b64decode(href.partition(",")[2], validate=True)
            except binascii.Error as error:
                raise Transient(f"ShipStation: the document of label {label['label_id']} cannot be read") from error
        # The key goes to the account's own address only, wherever the link may lead.
        headers = self._headers if href.startswith(f"{self._account.api}/") else {}
        response = await http.send(
            self._client, DIALECT, Call.SAFE, "GET", href, headers={**headers, "Accept": "application/pdf"}
        )
        if not response.content:
            raise Transient(f"ShipStation: the document of label {label['label_id']} is empty")
        return response.content

    async def _read(self, path: str, params: dict[str, str] | None = None) -> Any:
        url = f"{self._account.api}{path}"
        response = await http.send(
            self._client, DIALECT, Call.SAFE, "GET", url, headers=self._headers, params=params, accept=frozenset({404})
        )
        return None if response.status_code == 404 else http.read_json(DIALECT, Call.SAFE, response)

    async def _write(self, method: str, path: str, body: Document | None) -> httpx.Response:
        url = f"{self._account.api}{path}"
        return await http.send(self._client, DIALECT, Call.WRITE, method, url, headers=self._headers, body=body)
