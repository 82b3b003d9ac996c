"""The calls of one channel of Qapla', API 1.3 (source: Qapla/qapla-api-skill on GitHub, conventions.md and its samples).

It answers 200 and says `KO` in the body, for the whole call and for each item of it. What a `KO` means stands in its words
alone, so nothing here depends on them.
"""

from datetime import date
from typing import Any

import httpx

from activities._kit import http
from activities._kit.accounts import QaplaAccount
from activities._kit.errors import NeedsOperator, Rejected
from activities._kit.http import Call, Dialect

Document = dict[str, Any]


def _words(response: httpx.Response) -> str:
    try:
        envelope = next(iter(response.json().values()))
        return str(envelope["error"])
    except (ValueError, AttributeError, StopIteration, KeyError, TypeError):
        return response.reason_phrase


DIALECT = Dialect("Qapla'", _words, lambda headers: http.pause_in_seconds(headers, "Retry-After"))


class QaplaClient:
    """One channel. Thin: a method is a call. Raises of the closed set; `Call.SAFE` for all, since Qapla' takes the same number
    once however often it is told of it."""

    def __init__(self, account: QaplaAccount, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client

    async def shipment(self, number: str) -> Document | None:
        """What is known of a parcel; None where Qapla' was never told of it."""
        params = {"apiKey": self._account.key, "trackingNumber": number, "lang": "en"}
        answer = await self._call("getShipment", "GET", params=params)
        found = answer.get("shipments") if answer["result"] == "OK" else None
        return found[0] if found else None

    async def push(self, number: str, courier: str, shipped_on: date, reference: str) -> None:
        """Has a parcel followed. Raises NeedsOperator where the channel refuses us, Rejected where it refuses the parcel."""
        parcel = {
            "trackingNumber": number,
            "courier": courier,
            "shipDate": shipped_on.isoformat(),
            "reference": reference,
        }
        answer = await self._call("pushShipment", "POST", body={"apiKey": self._account.key, "pushShipment": [parcel]})
        if answer["result"] != "OK":
            raise NeedsOperator(f"Qapla': {answer.get('error')}")
        for item in answer.get("shipments") or []:
            if item["result"] != "OK":
                raise Rejected(f"Qapla': {item.get('error')} ({courier} {number})")

    async def channel(self) -> None:
        """Asks for the channel itself. Raises NeedsOperator where the key is not right."""
        answer = await self._call("getChannel", "GET", version="1.2", params={"apiKey": self._account.key})
        if answer["result"] != "OK":
            raise NeedsOperator(f"Qapla': {answer.get('error')}")

    async def _call(self, name: str, method: str, version: str = "1.3", **more: Any) -> Document:
        url = f"{self._account.api}/{version}/{name}/"
        response = await http.send(self._client, DIALECT, Call.SAFE, method, url, **more)
        return http.read_json(DIALECT, Call.SAFE, response)[name]
