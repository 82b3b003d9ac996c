"""Where a parcel is, in our words, whatever its carrier calls it (one model for all carriers).

A parcel's events are a set: the order and the repetition in which they were told mean nothing.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.business_time import business_time_between
from domain.calendars import Calendar


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class ParcelStatus(StrEnum):
    """In the order of a parcel's way."""

    UNKNOWN = "unknown"
    REGISTERED = "registered"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    ATTEMPT_FAILED = "attempt_failed"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


RANK = {status: rank for rank, status in enumerate(ParcelStatus)}
FINAL = frozenset({ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.CANCELLED, ParcelStatus.EXPIRED})
"""After these a carrier says nothing more that counts."""
_GOING_BACK = (ParcelStatus.RETURNING, ParcelStatus.RETURNED)


class WhoActs(StrEnum):
    BUYER = "buyer"
    MERCHANT = "merchant"
    CARRIER = "carrier"
    NOBODY = "nobody"


class ProblemKind(StrEnum):
    DELAY = "delay"
    ADDRESS = "address"
    REFUSED = "refused"
    NOT_COLLECTED = "not_collected"
    HELD_IN_DEPOT = "held_in_depot"
    CUSTOMS = "customs"
    DUTY_UNPAID = "duty_unpaid"
    IDENTIFICATION = "identification"
    DAMAGED = "damaged"
    LOST = "lost"
    PART_DELIVERED = "part_delivered"
    MISROUTED = "misrouted"
    DESTROYED = "destroyed"
    OTHER = "other"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")

    @property
    def who_acts(self) -> WhoActs:
        return _WHO_ACTS[self]


_WHO_ACTS = {
    ProblemKind.DELAY: WhoActs.NOBODY,
    ProblemKind.ADDRESS: WhoActs.BUYER,
    ProblemKind.REFUSED: WhoActs.MERCHANT,
    ProblemKind.NOT_COLLECTED: WhoActs.BUYER,
    ProblemKind.HELD_IN_DEPOT: WhoActs.CARRIER,
    ProblemKind.CUSTOMS: WhoActs.MERCHANT,
    ProblemKind.DUTY_UNPAID: WhoActs.BUYER,
    ProblemKind.IDENTIFICATION: WhoActs.BUYER,
    ProblemKind.DAMAGED: WhoActs.MERCHANT,
    ProblemKind.LOST: WhoActs.MERCHANT,
    ProblemKind.PART_DELIVERED: WhoActs.MERCHANT,
    ProblemKind.MISROUTED: WhoActs.CARRIER,
    ProblemKind.DESTROYED: WhoActs.MERCHANT,
    ProblemKind.OTHER: WhoActs.MERCHANT,
}


class ParcelEvent(_Model):
    """One scan. `key` is its identity, `local_time` what the carrier wrote, `code` and `detail` the provider's own words;
    `problem` is what it says is wrong."""

    key: str
    occurred_at: AwareDatetime
    local_time: str
    status: ParcelStatus
    problem: ProblemKind | None = None
    code: str
    detail: str
    text: str
    place: str


class Problem(_Model):
    """What is wrong with a parcel, since when, and who has to do something about it."""

    kind: ProblemKind
    since: AwareDatetime
    who_acts: WhoActs
    words: str


class DeliveryWindow(_Model):
    """The days, of the place of delivery, between which a parcel is expected, both included. `at` is given where the carrier
    named a time and not a day alone. `computed_at` is when this expectation was first heard of."""

    first: date
    last: date
    at: AwareDatetime | None = None
    computed_at: AwareDatetime


class TrackingSnapshot(_Model):
    """Where a parcel was when the carrier was asked. Events are in the order in which they occurred. `expected` is what the
    carrier said last of the delivery, whether it still holds or not."""

    carrier: str
    tracking_number: str
    status: ParcelStatus
    problem: Problem | None = None
    expected: DeliveryWindow | None = None
    delivered_at: AwareDatetime | None = None
    events: tuple[ParcelEvent, ...] = ()
    checked_at: AwareDatetime

    @property
    def window(self) -> DeliveryWindow | None:
        """When it may be promised to come: nothing where an expectation is older than what went wrong since, or it has come."""
        if self.expected is None or self.status in FINAL:
            return None
        return self.expected if self.problem is None or self.expected.computed_at > self.problem.since else None

    @property
    def last_heard_at(self) -> datetime | None:
        return self.events[-1].occurred_at if self.events else None


def event_key(number: str, code: str, detail: str, local_time: str, place: str) -> str:
    """The identity of a scan: told again, in whatever answer, it is the same."""
    return hashlib.sha256("|".join((number, code, detail, local_time, place)).encode()).hexdigest()[:16]


def snapshot_of(
    carrier: str,
    number: str,
    events: Iterable[ParcelEvent],
    told: ParcelStatus,
    expected: datetime | None,
    checked_at: datetime,
    before: TrackingSnapshot | None = None,
) -> TrackingSnapshot:
    """What the events of a parcel come to. `told` is the status the carrier gives beside them, `expected` when it means to
    deliver; at midnight it is a day. `before` is the snapshot taken last, whose events may have left the carrier's answer."""
    known = {event.key: event for event in (*(before.events if before else ()), *events)}
    ordered = tuple(sorted(known.values(), key=lambda event: (event.occurred_at, RANK[event.status], event.key)))
    status = _status(ordered, told)
    problem = _problem(ordered, status, checked_at)
    return TrackingSnapshot(
        carrier=carrier,
        tracking_number=number,
        status=status,
        problem=problem,
        expected=_window(expected, checked_at, before),
        delivered_at=_delivered_at(ordered) if status is ParcelStatus.DELIVERED else None,
        events=ordered,
        checked_at=checked_at,
    )


def is_silent(parcel: TrackingSnapshot, calendar: Calendar, limit: timedelta, now: datetime) -> bool:
    """Whether a parcel under way has said nothing for `limit` of the calendar's open time."""
    heard = parcel.last_heard_at
    if heard is None or parcel.status in FINAL or parcel.status is ParcelStatus.AVAILABLE_FOR_PICKUP:
        return False
    return business_time_between(calendar, heard, now) >= limit


class RolledUp(_Model):
    """Several parcels as one: the least progress, the problem that stands longest, and whether only some are delivered."""

    status: ParcelStatus
    problem: Problem | None
    part_delivered: bool


def roll_up(parcels: Iterable[TrackingSnapshot]) -> RolledUp:
    """What the parcels of a shipment or an order come to together. Raises ValueError where there are none."""
    found = list(parcels)
    if not found:
        raise ValueError("there is no parcel to roll up")
    delivered = [parcel.status is ParcelStatus.DELIVERED for parcel in found]
    problems = sorted((parcel.problem for parcel in found if parcel.problem), key=lambda problem: problem.since)
    return RolledUp(
        status=min((parcel.status for parcel in found), key=RANK.__getitem__),
        problem=problems[0] if problems else None,
        part_delivered=any(delivered) and not all(delivered),
    )


def _status(events: tuple[ParcelEvent, ...], told: ParcelStatus) -> ParcelStatus:
    """The latest event counts; `delivered` gives way only to a way back."""
    status = ParcelStatus.UNKNOWN
    for event in events:
        if event.status is ParcelStatus.UNKNOWN:
            continue
        if status is not ParcelStatus.DELIVERED or event.status in _GOING_BACK:
            status = event.status
    return told if status is ParcelStatus.UNKNOWN else status


def _problem(events: tuple[ParcelEvent, ...], status: ParcelStatus, checked_at: datetime) -> Problem | None:
    """The one the last event speaks of, since the first event of the run that does."""
    last = events[-1] if events else None
    kind = (last.problem if last else None) or (ProblemKind.OTHER if status is ParcelStatus.EXCEPTION else None)
    if kind is None:
        return None
    since = checked_at if last is None else last.occurred_at
    for event in reversed(events):
        if event.problem is not kind:
            break
        since = event.occurred_at
    return Problem(kind=kind, since=since, who_acts=kind.who_acts, words=last.text if last else "")


def _window(expected: datetime | None, checked_at: datetime, before: TrackingSnapshot | None) -> DeliveryWindow | None:
    if expected is None:
        return None
    day, has_time = expected.date(), expected.time() != datetime.min.time()
    window = DeliveryWindow(first=day, last=day, at=expected if has_time else None, computed_at=checked_at)
    known = before.expected if before else None
    if known is not None and (known.first, known.last, known.at) == (window.first, window.last, window.at):
        return known
    return window


def _delivered_at(events: tuple[ParcelEvent, ...]) -> datetime | None:
    return next((event.occurred_at for event in reversed(events) if event.status is ParcelStatus.DELIVERED), None)
