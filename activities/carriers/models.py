"""Labels and parcels: what we ask of a carrier account and what it gives."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.mail.models import OutgoingMail

SEND_RETURN_LABEL = "carriers.send_return_label"
"""Activity name: buys the return label once and mails it to the customer once. Input ReturnLabelRequest, output Label."""

VOID_LABEL = "carriers.void_label"
"""Activity name: gives an unused label back. Input VoidRequest, output VoidResult."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReturnLabelRequest(_Model):
    """A label from the buyer's site to the store's warehouse. The buyer's address is read from the order, never carried
    here. `attempt` counts the times a person has asked for it, the first time included."""

    op_key: str
    case_id: UUID
    store: str
    order_id: str
    rma_number: str
    weight_grams: int
    mail: OutgoingMail
    """The mail that brings the label to the customer; the label is attached to it."""
    attempt: int = 1


class Label(_Model):
    """`document` is the key of the label's bytes in the blob store, empty where a person made the label elsewhere.
    `label_id` is empty where a person decided to skip it."""

    label_id: str
    carrier: str
    tracking_number: str
    cost: Decimal
    currency: str
    document: str


class VoidRequest(_Model):
    op_key: str
    case_id: UUID
    account: str
    label_id: str
    attempt: int = 1


class VoidResult(_Model):
    """A refusal is an answer, not an error: `words` are the carrier's."""

    voided: bool
    words: str


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


class ParcelProblem(StrEnum):
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


class ParcelEvent(_Model):
    """One scan. `key` is its identity, `local_time` what the carrier wrote, `code` and `detail` the provider's own words."""

    key: str
    occurred_at: AwareDatetime
    local_time: str
    status: ParcelStatus
    code: str
    detail: str
    text: str
    place: str


class TrackingSnapshot(_Model):
    """Where a parcel was when the carrier was asked. Events are in the order they occurred."""

    carrier: str
    tracking_number: str
    status: ParcelStatus
    problem: ParcelProblem | None = None
    estimated_delivery: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    events: tuple[ParcelEvent, ...] = ()
    checked_at: AwareDatetime


def carrier_queue(account: str) -> str:
    """The task queue of a carrier account, rate-limited there."""
    return f"shipstation-{account}"
