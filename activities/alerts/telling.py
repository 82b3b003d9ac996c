"""Posts alerts to webhooks as Standard Webhooks has it (standardwebhooks.com): signed, and known by an id that every repetition
keeps."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import httpx
from temporalio import activity

from activities._kit import http
from activities._kit.accounts import Accounts, AlertAccount
from activities._kit.effects import Done, Effect, EffectLedger, Found, Unfinished
from activities._kit.errors import NeedsOperator
from activities._kit.http import Call, Dialect, pause_in_seconds
from activities.alerts.models import TELL, Alert, Told
from domain.effects import EffectKind

_PROVIDER = "webhook"
_POSTED = {"case", "number", "store", "clock", "kind", "due_at", "planned_for", "owner", "text"}


class Alerts:
    """Tells the webhooks of the accounts file. `inbox_url` is where agents reach the inbox, without a slash at its end."""

    def __init__(self, ledger: EffectLedger, accounts: Accounts, client: httpx.AsyncClient, inbox_url: str) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._http = client
        self._inbox_url = inbox_url

    @activity.defn(name=TELL)
    async def tell(self, alert: Alert) -> Told:
        """Posts the alert. Once the receiver has taken it, with any 2xx, it is never posted again; until then it may get it
        more than once, each time with the same `webhook-id`.

        Raises Rejected where the receiver refuses it, NeedsOperator where the account is missing, does not let us in or points
        elsewhere, and Transient or Ambiguous to be called again.
        """
        account = self._accounts.alerts.get(alert.account)
        if account is None:
            raise NeedsOperator(f"The accounts file has no {alert.account!r} under alerts; add its url and secret.")
        effect = Effect(
            op_key=alert.op_key,
            case_id=alert.case_id,
            kind=EffectKind.ALERT,
            provider=_PROVIDER,
            account=alert.account,
            request=alert.model_dump(mode="json", exclude={"op_key", "case_id", "attempt"}),
            attempt=alert.attempt,
        )

        async def perform() -> Done:
            status = await self._post(account, alert)
            return Done(alert.op_key, {"status": status})

        done = await self._ledger.once(effect, perform, _nothing_to_look_at)
        return Told(status=(done.result or {}).get("status"), skipped=done.skipped)

    async def _post(self, account: AlertAccount, alert: Alert) -> int:
        """The receiver's status. The post counts as one that may be repeated, since its id tells the receiver."""
        link = f"{self._inbox_url}/cases/{alert.case_id}"
        posted = {"id": alert.op_key, **alert.model_dump(mode="json", include=_POSTED), "link": link}
        body = json.dumps(posted, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **signed(account.key, alert.op_key, datetime.now(UTC), body)}
        dialect = Dialect(f"Webhook {alert.account}", _words, lambda answered: pause_in_seconds(answered, "Retry-After"))
        answer = await http.send(self._http, dialect, Call.SAFE, "POST", account.url, headers=headers, content=body)
        return answer.status_code


def signed(key: bytes, webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks. `at` is the moment of this attempt."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


async def _nothing_to_look_at() -> Found:
    """A receiver cannot be asked what it has taken, and need not be: it knows a repetition by its id, so we go on."""
    return Unfinished()


def _words(response: httpx.Response) -> str:
    return response.text[:200] or response.reason_phrase
