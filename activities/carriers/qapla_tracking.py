"""Where a parcel is by Qapla', in our words (carriers brief, section 4; source of the numbers: statuses.md of
Qapla/qapla-api-skill).

Its times are those of Italy, without offset.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.tracking import ParcelEvent, ParcelStatus, ProblemKind, TrackingSnapshot, event_key, snapshot_of

Document = dict[str, Any]

_ZONE = ZoneInfo("Europe/Rome")

STATUS_OF_ID = {
    0: ParcelStatus.UNKNOWN,
    # The words leave it open whether the carrier has the parcel; ours is the careful reading: it has not.
    1: ParcelStatus.REGISTERED,
    2: ParcelStatus.REGISTERED,
    50: ParcelStatus.REGISTERED,
    3: ParcelStatus.IN_TRANSIT,
    20: ParcelStatus.IN_TRANSIT,
    8: ParcelStatus.IN_TRANSIT,
    4: ParcelStatus.OUT_FOR_DELIVERY,
    5: ParcelStatus.ATTEMPT_FAILED,
    10: ParcelStatus.AVAILABLE_FOR_PICKUP,
    6: ParcelStatus.EXCEPTION,
    95: ParcelStatus.RETURNED,
    99: ParcelStatus.DELIVERED,
}
_EXCEPTION, _GOING_BACK = 6, 2
PROBLEM_OF_ID = {8: ProblemKind.DELAY}
PROBLEM_OF_DETAIL = {
    0: ProblemKind.OTHER,
    1: ProblemKind.HELD_IN_DEPOT,
    _GOING_BACK: ProblemKind.REFUSED,
    3: ProblemKind.DAMAGED,
    4: ProblemKind.LOST,
}
"""What is wrong with a parcel in the status 6, by its detail."""


def read(
    carrier: str, number: str, shipment: Document, checked_at: datetime, before: TrackingSnapshot | None = None
) -> TrackingSnapshot:
    """A shipment of Qapla' in our words; an empty one is not known there yet. Scans without a date are left out: nothing says
    where they belong."""
    scans = (_event(number, scan) for scan in shipment.get("trackingHistory") or [] if scan.get("dateISO"))
    told, _ = _placed(shipment.get("status") or {})
    expected = _moment((shipment.get("courier") or {}).get("estimatedDeliveryDate"))
    return snapshot_of(carrier, number, scans, told, expected, checked_at, before)


def _event(number: str, scan: Document) -> ParcelEvent:
    status, problem = _placed(scan)
    found = scan.get("qaplaStatus") or {}
    code, detail = str(found.get("id") or 0), str(found.get("detailID") or "")
    local, place = str(scan["dateISO"]), str(scan.get("place") or "")
    return ParcelEvent(
        key=event_key(number, code, detail, local, place),
        occurred_at=_moment(local) or datetime.fromtimestamp(0, UTC),
        local_time=local,
        status=status,
        problem=problem,
        code=code,
        detail=detail,
        text=str(scan.get("status") or found.get("status") or ""),
        place=place,
    )


def _placed(scan: Document) -> tuple[ParcelStatus, ProblemKind | None]:
    found = scan.get("qaplaStatus") or {}
    # Numbers come as text in some places.
    number, detail = int(found.get("id") or 0), int(found.get("detailID") or 0)
    if number != _EXCEPTION:
        return STATUS_OF_ID.get(number, ParcelStatus.UNKNOWN), PROBLEM_OF_ID.get(number)
    status = ParcelStatus.RETURNING if detail == _GOING_BACK else ParcelStatus.EXCEPTION
    return status, PROBLEM_OF_DETAIL.get(detail, ProblemKind.OTHER)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)).replace(tzinfo=_ZONE) if text else None
