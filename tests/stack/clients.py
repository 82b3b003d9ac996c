"""What the tests speak to a stack with: its API, its mail door, and the simulators behind it."""

import json
import smtplib
from collections.abc import Mapping
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from typing import Any
from uuid import uuid4

import httpx

from tests.stack.running import ADMIN_TOKEN, Ports, until

NORTHWIND = "northwind-tools"
NORTHWIND_ADDRESS = "support@northwind-tools.example"
HAMBURG = ("Emma Clarke", "Jonas Weber")
"""The team of most of the demo's queues."""
CALL_SECONDS = 40
WAIT_SECONDS = 30
"""How long the API is asked to wait for the outcome of a decision: the most it allows."""

Document = dict[str, Any]


def unique(word: str = "w") -> str:
    """A word that no other message has, and that full-text search takes as one."""
    return f"{word}{uuid4().hex[:12]}"


class Api:
    """The JSON API with one person's token."""

    def __init__(self, ports: Ports, token: str = ADMIN_TOKEN) -> None:
        self.base = f"http://127.0.0.1:{ports.http}"
        self._client = httpx.Client(
            base_url=f"{self.base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=CALL_SECONDS
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self._client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def download(self, address: str) -> bytes:
        """The bytes at an address that the API gave, such as a label's."""
        return self._client.get(f"{self.base}{address}").raise_for_status().content

    def post(self, path: str, content: Any, **params: Any) -> httpx.Response:
        """Any answer. `content` as bytes goes out as it is."""
        if isinstance(content, bytes):
            return self._client.post(path, content=content, params=params, headers={"Content-Type": "application/json"})
        return self._client.post(path, json=content, params=params)

    def say(self, text: str, *, subject: str = "", sender: str | None = None, channel: str = "portal", **more: Any) -> str:
        """Sends a message of some channel, from a stranger where no `sender` is given; gives the ticket's id."""
        email = sender or f"{unique('buyer-')}@example.com"
        body = {"channel": channel, "store": NORTHWIND, "external_id": unique(f"{channel}-"), "sender": {"email": email}}
        answer = self.post("/messages", body | {"text": text, "subject": subject} | more)
        assert answer.status_code == 202, answer.text
        return answer.json()["ticket_id"]

    def ticket(self, ticket_id: str) -> Document:
        return self.get(f"/tickets/{ticket_id}")

    def opened(self, ticket_id: str) -> Document:
        """The ticket once its workflow has published it."""
        return until(lambda: (shown := self.ticket(ticket_id)) and shown["revision"] and shown, f"ticket {ticket_id} lives")

    def listed(self, **filters: str) -> list[Document]:
        """The tickets of a list, page after page."""
        page = self.get("/tickets", limit=50, **filters)
        items = page["items"]
        while page["next_cursor"]:
            page = self.get("/tickets", limit=50, cursor=page["next_cursor"], **filters)
            items += page["items"]
        return items

    def found(self, words: str) -> list[Document]:
        """The tickets that a search finds."""
        return self.listed(q=words)

    def only(self, words: str) -> Document:
        """The one ticket with these words, once its workflow has published it."""
        items = until(lambda: self.found(words), f"a ticket with {words!r}")
        assert len(items) == 1, items
        return self.opened(items[0]["id"])

    def decide(self, case_id: str, kind: str, *, process: str = "tickets", wait: float = WAIT_SECONDS, **fields: Any) -> Any:
        """The answer to a decision, whichever it is."""
        return self.post(f"/{process}/{case_id}/decisions", {"kind": kind, **fields}, wait=wait)

    def applied(self, case_id: str, kind: str, *, process: str = "tickets", **fields: Any) -> Document:
        """Takes a decision that must be applied."""
        answer = self.decide(case_id, kind, process=process, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, case_id: str, kind: str, *, process: str = "tickets", **fields: Any) -> str:
        """Takes a decision that must be refused; gives the reason."""
        answer = self.decide(case_id, kind, process=process, **fields)
        assert answer.status_code == 409, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()["reason"]


class Simulators:
    """The outside world: what the providers hold, and what they do wrong next."""

    def __init__(self, ports: Ports) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{ports.simulators}", timeout=CALL_SECONDS)

    def close(self) -> None:
        self._client.close()

    def held(self, collection: str) -> list[Document]:
        """What a provider holds, for example `bigcommerce/refunds`. Numbers with a fraction are decimals."""
        text = self._client.get(f"/_sim/{collection}").raise_for_status().text
        return json.loads(text, parse_float=Decimal)

    def order(self, order_id: int) -> Document:
        return next(order for order in self.held("bigcommerce/orders") if order["id"] == order_id)

    def refunds(self, order_id: int) -> list[Document]:
        return [refund for refund in self.held("bigcommerce/refunds") if refund["order_id"] == order_id]

    def credit_notes(self, rma_number: int) -> list[Document]:
        """Those that refer to a return and are not deleted or voided."""
        notes = [note for note in self.held("xero/credit_notes") if note.get("Reference") == f"RMA-{rma_number}"]
        return [note for note in notes if note["Status"] not in ("DELETED", "VOIDED")]

    def arm(self, provider: str, operation: str, fault: str, count: int = 1, seconds: float = 3.0) -> None:
        """The next `count` calls go wrong."""
        order = {"provider": provider, "operation": operation, "fault": fault, "count": count, "seconds": seconds}
        self._client.post("/_sim/faults", json=order).raise_for_status()

    def armed(self) -> list[Document]:
        return self._client.get("/_sim/faults").raise_for_status().json()["armed"]

    def disarm(self) -> None:
        self._client.delete("/_sim/faults").raise_for_status()

    def mails(self, to: str, subject: str = "") -> list[Document]:
        """What arrived for an address, with these words in its subject."""
        return self._client.get("/mailbox", params={"to": to, "subject": subject}).raise_for_status().json()


def amount(value: object) -> Decimal:
    """Money as a number that can be compared: `"255.6"`, `Decimal("255.60")` and `255` are two places each."""
    assert not isinstance(value, float), f"{value} is a float: money is read as a decimal"
    return Decimal(str(value)).quantize(Decimal("0.01"))


def write_mail(subject: str, text: str, sender: str, to: str = NORTHWIND_ADDRESS, **headers: str) -> EmailMessage:
    """A mail as a person's program writes it; `in_reply_to="…"` becomes the header In-Reply-To."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = format_datetime(localtime()), make_msgid(domain="customer.example")
    for name, value in headers.items():
        mail["-".join(part.capitalize() for part in name.split("_"))] = value
    mail.set_content(text)
    return mail


class MailDoor:
    """The stack's SMTP port."""

    def __init__(self, ports: Ports) -> None:
        self._port = ports.smtp

    def open(self) -> smtplib.SMTP:
        """A connection that has said hello. The caller closes it."""
        connection = smtplib.SMTP("127.0.0.1", self._port, timeout=CALL_SECONDS)
        connection.ehlo()
        return connection

    def send(self, mail: EmailMessage) -> None:
        """Sends a mail that must be accepted."""
        with self.open() as connection:
            assert connection.send_message(mail) == {}

    def send_raw(self, content: bytes, sender: str, to: str = NORTHWIND_ADDRESS) -> tuple[int, str]:
        """Sends bytes as they are, without the size announced before; gives the answer to them."""
        with self.open() as connection:
            assert connection.mail(sender)[0] == 250
            assert connection.rcpt(to)[0] == 250
            code, words = connection.data(content)
            return code, words.decode()


def headers_of(mail: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a mail in the simulators' mailbox, names in lower case."""
    return {name.lower(): value for name, value in mail["headers"].items()}
