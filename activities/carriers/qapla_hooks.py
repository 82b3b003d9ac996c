"""Hooks of a channel of Qapla': a parcel has moved (source: webhooks.md of Qapla/qapla-api-skill).

Nothing is signed: the channel's own key stands in the body. So it is compared, and taken out before anything is kept.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from activities._kit.accounts import QaplaAccount
from activities.channels.changes import Change, ParcelMoved
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer


class QaplaHooks:
    """One channel. Qapla' gives an address up after a hundred answers that are not just the one it wants."""

    name: ClassVar[str] = "qapla"
    thanks: ClassVar[HookAnswer] = HookAnswer(body=b'{"result":"OK"}', content_type="application/json")

    def __init__(self, account: QaplaAccount) -> None:
        self._key = account.key.encode()

    def verify(self, hook: Hook) -> HookAnswer | None:
        key = _told(hook).get("apiKey")
        if not isinstance(key, str) or not hmac.compare_digest(key.encode("utf-8", "replace"), self._key):
            raise BadSignature("apiKey in the body is not that of the channel")
        return None

    def without_secret(self, hook: Hook) -> Hook:
        told = {field: value for field, value in _told(hook).items() if field != "apiKey"}
        return replace(hook, body=json.dumps(told, ensure_ascii=False).encode())

    def changes(self, hook: Hook) -> Sequence[Change]:
        number = _told(hook).get("trackingNumber")
        if number is None:
            return ()  # an order that was printed, a return that was announced: nobody here waits for those
        if not isinstance(number, str) or not number:
            raise BadHook("no event of Qapla': trackingNumber is no text")
        return (ParcelMoved(number),)


def _told(hook: Hook) -> dict[str, Any]:
    """What the hook says; that of a return stands one level deeper."""
    try:
        told = json.loads(hook.body)
    except ValueError:
        return {}
    if isinstance(told, dict) and isinstance(inner := told.get("webhookReturnShipments"), dict):
        return inner
    return told if isinstance(told, dict) else {}
