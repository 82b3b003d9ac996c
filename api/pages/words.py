"""Times, money and names as people say them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from api.views.parts import ClockView

_SOON = timedelta(hours=1)
_DAY = timedelta(days=1)

_INTENTS = {
    "wismo": "Where is my order",
    "return": "Return",
    "exchange": "Exchange",
    "damaged": "Damaged or warranty",
    "quote": "Quote",
    "wholesale_price": "Wholesale price",
    "invoice": "Invoice or credit",
    "change_order": "Change or cancel order",
    "other": "Other",
}
_CHANNELS = {"email": "Mail", "sms": "SMS", "whatsapp": "WhatsApp"}
_NAMES = {
    "first_response": "First reply",
    "reopen_window": "Reopen window",
    "awaiting_agent": "waits for us",
    "awaiting_customer": "waits for the customer",
    "credit_note": "credit note",
    "purchase_order": "Purchase order",
    "sku": "SKU",
    "rma": "RMA",
    "retag": "Change intent, tags or tier",
}


_CLOCKS = {
    "first_response": "First reply",
    "next_response": "Next reply",
    "resolution": "Resolution",
    "channel_response": "Reply by the channel's rule",
    "approval": "Approval of the return",
    "parcel": "Arrival of the parcel",
    "inspection": "Inspection of the goods",
    "stalled": "Untouched",
    "waiting": "Answer of",
    "snooze": "Snoozed",
    "reopen_window": "Time to reopen",
}
_OWN_CLOCKS = {"stalled": "alarm", "waiting": "reminder", "snooze": "back", "reopen_window": "closes"}
"""What happens at the end of those that promise nothing to anybody."""

_CLOCK_STATES = {"met": "kept", "stopped": "ended", "missed": "missed"}


@dataclass(frozen=True)
class Due:
    """A deadline in words. `level` (late, soon, later, none) colours it; the words say the same."""

    words: str
    level: str
    at: datetime | None


def due(at: datetime | None, now: datetime | None = None) -> Due:
    """`due in 1 h 20 min`, `25 min late`, `no deadline`."""
    if at is None:
        return Due("no deadline", "none", None)
    left = at - (now or datetime.now(UTC))
    if left < timedelta(0):
        return Due(f"{length(-left)} late", "late", at)
    return Due(f"due in {length(left)}", "soon" if left <= _SOON else "later", at)


def clock_due(clock: ClockView, now: datetime | None = None) -> Due:
    """How a clock stands, in words: `due in 1 h 20 min`, `paused, waits for supplier`, `kept`, `alarm in 3 h`."""
    if clock.ended_at is not None:
        missed = ", was missed" if clock.missed_at is not None and not is_own_clock(clock) else ""
        return Due(f"{_CLOCK_STATES.get(clock.state, clock.state)}{missed}", "none", clock.ended_at)
    if clock.state == "paused":
        waits = f", waits for {clock.pauses[-1].waiting_for}" if clock.pauses else ""
        return Due(f"paused{waits}", "none", None)
    if not is_own_clock(clock) or clock.due_at is None:
        return due(clock.due_at, now)
    left = clock.due_at - (now or datetime.now(UTC))
    if left >= timedelta(0):
        return Due(f"{_OWN_CLOCKS[clock.name]} in {length(left)}", "none", clock.due_at)
    return Due(
        f"{length(-left)} too long" if clock.name == "stalled" else f"{_OWN_CLOCKS[clock.name]} now", "soon", clock.due_at
    )


def is_own_clock(clock: ClockView) -> bool:
    """Whether it reminds us, and promises nothing to a customer."""
    return clock.name in _OWN_CLOCKS


def clock_name(clock: ClockView) -> str:
    name = _CLOCKS.get(clock.name, named(clock.name))
    return f"{name} {clock.party or 'whoever is waited for'}" if clock.name == "waiting" else name


def length(amount: timedelta) -> str:
    """`2 d 3 h`, `1 h 20 min`, `25 min`, `under 1 min`."""
    minutes = int(amount.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d" + (f" {hours} h" if hours and days < 7 else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if minutes else "under 1 min"


def seconds(amount: float) -> str:
    """`0.2 s`, `12 s`, `1 min 35 s`, `2 h 3 min`."""
    if amount < 10:
        return f"{amount:.1f} s"
    if amount < 3600:
        minutes, rest = divmod(round(amount), 60)
        return " ".join([f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest))
    return length(timedelta(seconds=amount))


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """`25 min ago`, `just now`; a day and more as a date."""
    if at is None:
        return ""
    passed = (now or datetime.now(UTC)) - at
    if passed >= 2 * _DAY:
        return f"{at:%-d %b %Y}"
    return "just now" if passed < timedelta(minutes=1) else f"{length(passed)} ago"


def moment(at: datetime | str | None) -> str:
    """A full date and time in UTC."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return "" if at is None else f"{at.astimezone(UTC):%a %-d %b %Y, %H:%M} UTC"


def local(at: datetime, zone: str) -> str:
    """`Mon 2 Mar, 20:00`, in this time zone; with the year where it is another."""
    there = at.astimezone(ZoneInfo(zone))
    year = "" if there.year == datetime.now(ZoneInfo(zone)).year else " %Y"
    return f"{there:%a %-d %b{year}, %H:%M}"


def day(at: datetime | str | None) -> str:
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return "" if at is None else f"{at:%-d %b %Y}"


def money(amount: object, currency: str | None) -> str:
    """`1,234.50 EUR`."""
    if amount is None or amount == "":
        return ""
    try:
        number = Decimal(str(amount))
    except InvalidOperation:
        return f"{amount} {currency or ''}".strip()
    return f"{number:,.2f} {currency or ''}".strip()


def size(count: int) -> str:
    """`48 KB`."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def intent_name(intent: str | None) -> str:
    return "" if intent is None else _INTENTS.get(intent, named(intent))


def channel_name(channel: str) -> str:
    return _CHANNELS.get(channel, named(channel))


def named(word: str | None) -> str:
    """A name of the code as words: `credit_hold` → `Credit hold`."""
    if not word:
        return ""
    words = _NAMES.get(word, word.replace("_", " ").replace("-", " "))
    return words[:1].upper() + words[1:]
