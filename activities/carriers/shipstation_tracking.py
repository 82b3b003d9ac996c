"""Where a parcel is by ShipStation, in our words (carriers brief, section 4)."""

from datetime import UTC, datetime
from typing import Any

from domain.tracking import ParcelEvent, ParcelStatus, ProblemKind, TrackingSnapshot, event_key, snapshot_of

# A detail code says more than the status code beside it and wins over it.
_BY_DETAIL: dict[ParcelStatus, str] = {
    ParcelStatus.UNKNOWN: "CARRIER_STATUS_NOT_MAPPED",
    ParcelStatus.REGISTERED: (
        "SHIPMENT_CREATED AWAITING_PICKUP_DROP_OFF ELEC_ADVICE_RECD_BY_CARRIER NOT_YET_RECEIVED_BY_CARRIER PICKUP_FAILED"
    ),
    ParcelStatus.IN_TRANSIT: (
        "DROPPED_OFF PICKED_UP CUSTOMS_CLEARED CUSTOMS_PROCESSING DELIVERY_ARRANGED_WITH_RECIPIENT HUB_SCAN_OUT HUB_SCAN_IN"
        " IN_TRANSIT INFORMATION PARCEL_OVER_LABELLED PARCEL_UPDATE_NOTIFICATION RECEIVED_BY_CARRIER"
        " RECEIVED_LOCAL_DELIVERY_DEPOT SUB_CONTRACTOR_EVENT SUB_CONTRACTOR_RECEIVED PARCEL_REDIRECTED DELIVERY_SCHEDULED"
        " HUB_PROCESSING DELIVERY_RESCHEDULED COD_AMOUNT_PAID CARRIER_DELAYS DELAYED_NOT_CARRIER PARCEL_REPACKED"
        " RECD_BY_CARRIER_NO_ELEC_ADVICE PARCEL_REDIRECTED_BY_CARRIER"
    ),
    ParcelStatus.OUT_FOR_DELIVERY: "OUT_FOR_DELIVERY",
    ParcelStatus.AVAILABLE_FOR_PICKUP: (
        "AWAITING_COLLECTION_FROM_PICKUP_POINT COLLECT_AT_LOCAL_PO CUSTOMER_TO_COLLECT_FROM_CARRIER DELIVERED_TO_PICKUP_POINT"
    ),
    ParcelStatus.ATTEMPT_FAILED: (
        "ATTEMPTED_DELIVERY ATTEMPTED_DELIVERY_FINAL CUSTOMER_CARDED NO_ACCESS_TO_RECIPIENTS_ADDRESS"
        " CUSTOMER_IDENTIFICATION_FAILED COD_AMOUNT_NOT_PAID NOT_DELIVERED"
    ),
    # A pick-up point collected from and the time after delivery are ours to place: the goods are with the buyer.
    ParcelStatus.DELIVERED: (
        "DELIVERED_TO_RECEPTION DELIVERED DELIVERED_DAMAGED DELIVERED_IN_PART DELIVERED_SPECIFIED_SAFE_PLACE"
        " DELIVERED_TO_ALTERNATIVE_DELIVERY_LOCATION DELIVERED_TO_NEIGHBOUR DELIVERED_TO_PO_BOX"
        " PARCEL_COLLECTED_FROM_PICKUP_POINT POST_TRANSIT_STATUS PROOF_OF_DELIVERY"
    ),
    ParcelStatus.EXCEPTION: (
        "PARCEL_DAMAGED ADDRESS_QUERY HELD_BY_CARRIER HELD_BY_CARRIER_FOR_CLEARANCE_PRE_PROCESSING HELD_BY_CUSTOMS"
        " INCORRECT_DECLARATION MISROUTED CUSTOMER_MOVED HAZARDOUS_PROHIBITED NOT_COLLECTED_FROM_PICKUP_POINT"
        " NOT_DELIVERED_ADDRESSEE_DECEASED PARCEL_DISPOSED PARCEL_LOST PARCEL_OUTSIDE_OF_SERVICE_CAPABILITY"
        " UNSPECIFIED_EXCEPTION DUTY_NOT_PAID"
    ),
    ParcelStatus.RETURNING: "RETURN_TO_SENDER REFUSED_BY_CUSTOMER",
    ParcelStatus.RETURNED: "UNDELIVERABLE_RETURNED_TO_SENDER",
    ParcelStatus.CANCELLED: "CANCELLED",
    ParcelStatus.EXPIRED: "TRACKING_EXPIRED",
}
STATUS_OF_DETAIL = {detail: status for status, details in _BY_DETAIL.items() for detail in details.split()}

STATUS_OF_CODE = {
    "UN": ParcelStatus.UNKNOWN,
    "NY": ParcelStatus.REGISTERED,
    "AC": ParcelStatus.IN_TRANSIT,
    "IT": ParcelStatus.IN_TRANSIT,
    "AT": ParcelStatus.ATTEMPT_FAILED,
    "SP": ParcelStatus.AVAILABLE_FOR_PICKUP,
    "EX": ParcelStatus.EXCEPTION,
    "DE": ParcelStatus.DELIVERED,
}

_BY_PROBLEM: dict[ProblemKind, str] = {
    ProblemKind.DELAY: "CARRIER_DELAYS DELAYED_NOT_CARRIER DELIVERY_RESCHEDULED",
    ProblemKind.ADDRESS: "ADDRESS_QUERY CUSTOMER_MOVED NO_ACCESS_TO_RECIPIENTS_ADDRESS",
    ProblemKind.REFUSED: "REFUSED_BY_CUSTOMER COD_AMOUNT_NOT_PAID",
    ProblemKind.NOT_COLLECTED: "NOT_COLLECTED_FROM_PICKUP_POINT",
    ProblemKind.HELD_IN_DEPOT: "HELD_BY_CARRIER",
    ProblemKind.CUSTOMS: "HELD_BY_CUSTOMS HELD_BY_CARRIER_FOR_CLEARANCE_PRE_PROCESSING INCORRECT_DECLARATION",
    ProblemKind.DUTY_UNPAID: "DUTY_NOT_PAID",
    ProblemKind.IDENTIFICATION: "CUSTOMER_IDENTIFICATION_FAILED",
    ProblemKind.DAMAGED: "PARCEL_DAMAGED DELIVERED_DAMAGED",
    ProblemKind.LOST: "PARCEL_LOST",
    ProblemKind.PART_DELIVERED: "DELIVERED_IN_PART",
    ProblemKind.MISROUTED: "MISROUTED",
    ProblemKind.DESTROYED: "PARCEL_DISPOSED",
}
PROBLEM_OF_DETAIL = {detail: problem for problem, details in _BY_PROBLEM.items() for detail in details.split()}


def read(
    carrier_code: str, number: str, answer: dict[str, Any], checked_at: datetime, before: TrackingSnapshot | None = None
) -> TrackingSnapshot:
    """A tracking answer in our words."""
    return snapshot_of(
        carrier_code,
        number,
        (_event(number, event) for event in answer.get("events") or []),
        _status_of(answer),
        _moment(answer.get("estimated_delivery_date")),
        checked_at,
        before,
    )


def _status_of(document: dict[str, Any]) -> ParcelStatus:
    detail = STATUS_OF_DETAIL.get(str(document.get("status_detail_code") or ""), ParcelStatus.UNKNOWN)
    if detail is not ParcelStatus.UNKNOWN:
        return detail
    return STATUS_OF_CODE.get(str(document.get("status_code") or ""), ParcelStatus.UNKNOWN)


def _event(number: str, event: dict[str, Any]) -> ParcelEvent:
    occurred_at = _moment(event["occurred_at"]) or datetime.fromtimestamp(0, UTC)
    detail = str(event.get("status_detail_code") or "")
    code = str(event.get("event_code") or event.get("carrier_status_code") or event.get("status_code") or "")
    place = ", ".join(str(event[name]) for name in ("city_locality", "country_code") if event.get(name))
    local = str(event.get("carrier_occurred_at") or event["occurred_at"])
    return ParcelEvent(
        key=event_key(number, code, detail, local, place),
        occurred_at=occurred_at,
        local_time=local,
        status=_status_of(event),
        problem=PROBLEM_OF_DETAIL.get(detail),
        code=code,
        detail=detail,
        text=str(event.get("description") or event.get("status_description") or ""),
        place=place,
    )


def _moment(text: object) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
