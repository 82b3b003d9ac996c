"""What mail servers say about mails of ours that they did not deliver, in words for whoever sent them (RFC 3464)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FIELD = re.compile(r"^([A-Za-z-]{1,40}):[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"'@]{1,64}@[A-Za-z0-9.-]{1,190}""")
_STATUS = re.compile(r"(?<![0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")
_ANSWER = re.compile(r"(?<![0-9.])[45][0-9]{2}[ -](?:[45]\.[0-9]{1,3}\.[0-9]{1,3}[ -])?[^\n]{0,300}")
_WORDS_LIMIT = 400
_BLOCK_LIMIT = 4_000
_BLOCKS = 200
_ACTION_OF_CLASS = {"2": "delivered", "4": "delayed", "5": "failed"}


@dataclass(frozen=True)
class DeliveryReport:
    """What happened to a mail for one recipient. `action` is one of RFC 3464 section 2.3.3, in lower case."""

    recipient: str
    action: str
    status: str = ""
    diagnostic: str = ""

    @property
    def words(self) -> str:
        """One line for the owner; empty where the mail has arrived."""
        refused = self.status.startswith("5") or self.diagnostic.startswith("5")
        happened = {"failed": "was refused" if refused else "could not be delivered", "delayed": "is delayed"}.get(self.action)
        if happened is None:
            return ""
        known = self.status in self.diagnostic
        said = self.diagnostic if known else f"{self.status} {self.diagnostic}".strip()
        line = f"Mail to {self.recipient or 'the customer'} {happened}"
        return f"{line}: {said}" if said else line


def read_reports(text: str) -> list[DeliveryReport]:
    """The recipients of a `message/delivery-status`: blocks of fields, the first of which is about the message."""
    reports = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))[:_BLOCKS]:
        fields = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(block[:_BLOCK_LIMIT])}
        if not fields.keys() & {"final-recipient", "original-recipient", "action", "status"}:
            continue
        status = next(iter(_STATUS.findall(fields.get("status", ""))), "")
        diagnostic = _typed(fields.get("diagnostic-code", ""))
        words = re.split(r"[^a-z]", fields.get("action", "").lower())[0]
        action = words or _ACTION_OF_CLASS.get(status[:1], "")
        recipient = _typed(fields.get("final-recipient") or fields.get("original-recipient", ""))
        address = next(iter(_ADDRESS.findall(recipient)), recipient)
        if action:
            reports.append(DeliveryReport(address, action, status, diagnostic[:_WORDS_LIMIT]))
    return reports


def report_in_words(text: str, failed_recipients: str = "") -> Sequence[DeliveryReport]:
    """What a bounce without a machine-readable part says (qmail, Exim, old gateways): an address and a server's answer.

    `failed_recipients` is Exim's header X-Failed-Recipients.
    """
    recipients = _ADDRESS.findall(failed_recipients) or _ADDRESS.findall(text)[:1]
    answer = _ANSWER.search(text)
    diagnostic = " ".join(answer.group().split())[:_WORDS_LIMIT] if answer else ""
    status = next(iter(_STATUS.findall(diagnostic)), "")
    return tuple(DeliveryReport(recipient, "failed", status, diagnostic) for recipient in dict.fromkeys(recipients))


def _typed(value: str) -> str:
    """A value without the name of its type: `rfc822; a@b`, `smtp; 550 no`."""
    kind, separator, rest = value.partition(";")
    return rest.strip() if separator and " " not in kind.strip() else value.strip()
