"""What the playbook makes of one line of a return: whether it comes in time, and what is kept back of its worth."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from domain.playbook import ReturnReason

_CENT = Decimal("0.01")


def exception_to(reason: ReturnReason, delivered_at: datetime | None, asked_at: datetime) -> str | None:
    """Why the rules do not cover the line, in words; None where they do. A line that has not come, as far as anybody knows, is
    in time."""
    if reason.window is None or delivered_at is None:
        return None
    late = asked_at - delivered_at - reason.window
    if late.total_seconds() <= 0:
        return None
    days = late.days + 1
    return f"delivered {delivered_at:%Y-%m-%d}, {days} {'day' if days == 1 else 'days'} past its {reason.window.days} days"


def restocking_fee(reason: ReturnReason, worth: Decimal) -> Decimal:
    """What is kept back of what a line is worth, tax included, to the cent."""
    return (worth * reason.fee_percent / 100).quantize(_CENT, ROUND_HALF_UP)
