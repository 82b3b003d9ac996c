"""Hooks of a Xero organisation. Nothing is noted of them: cases read back themselves what they wait for. To answer them rightly
keeps them coming: Xero tries an address with right and with wrong signatures, and wants 200 and 401 ("intent to receive")."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import ClassVar

from activities._kit.accounts import XeroAccount
from activities.channels.changes import Change
from activities.channels.port import BadSignature, Hook, HookAnswer


class XeroHooks:
    """One organisation."""

    name: ClassVar[str] = "xero"

    def __init__(self, account: XeroAccount) -> None:
        self._key = account.webhook_key

    def verify(self, hook: Hook) -> HookAnswer | None:
        if not self._key:
            raise BadSignature("the account has no webhook_key, so no hook can be proved")
        wanted = base64.b64encode(hmac.new(self._key.encode(), hook.body, hashlib.sha256).digest())
        if not hmac.compare_digest(wanted, hook.headers.get("x-xero-signature", "").encode("utf-8", "replace")):
            raise BadSignature("x-xero-signature does not fit the body")
        return None

    def changes(self, hook: Hook) -> Sequence[Change]:
        return ()
