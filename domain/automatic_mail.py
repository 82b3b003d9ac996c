"""When a mail that nobody wrote may go out: the guard against two machines that answer each other for ever.

It looks at no header of the other side, since those that loop are those that set none (channels brief 1.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

REST = timedelta(hours=12)
"""Between two automatic mails in one thread."""

DAY = timedelta(hours=24)
PER_THREAD = 3
PER_ADDRESS = 5


@dataclass(frozen=True)
class AutomaticMails:
    """When automatic mails went out in the last 24 hours: in this thread, and to this address in whatever thread."""

    in_thread: Sequence[datetime] = ()
    to_address: Sequence[datetime] = ()


def why_not(sent: AutomaticMails, now: datetime) -> str | None:
    """The reason why another automatic mail may not go out now; None where it may."""
    if any(now - at < REST for at in sent.in_thread):
        return "An automatic mail went out in this thread less than 12 hours ago"
    if sum(now - at < DAY for at in sent.in_thread) >= PER_THREAD:
        return f"{PER_THREAD} automatic mails went out in this thread within 24 hours"
    if sum(now - at < DAY for at in sent.to_address) >= PER_ADDRESS:
        return f"{PER_ADDRESS} automatic mails went to this address within 24 hours"
    return None
