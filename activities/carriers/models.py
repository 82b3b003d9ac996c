"""Labels and parcels: what we ask of a carrier account and what it gives."""

from decimal import Decimal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.mail.models import OutgoingMail

SEND_RETURN_LABEL = "carriers.send_return_label"
"""Activity name: buys the return label once and mails it to the customer once. Input ReturnLabelRequest, output Label."""

VOID_LABEL = "carriers.void_label"
"""Activity name: gives an unused label back. Input VoidRequest, output VoidResult."""


SCHEDULE_PICKUP = "carriers.schedule_pickup"
"""Activity name: has the carrier come once for labels. Input PickupRequest, output Pickup."""

CANCEL_PICKUP = "carriers.cancel_pickup"
"""Activity name: tells the carrier not to come. Input CancelPickupRequest, output nothing."""

WATCH_CARRIER = "shipstation.watch_account"
"""Activity name: sees to the hooks of an account. Input and output as in `activities/_kit/models.py`."""


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


class PickupRequest(_Model):
    """The carrier comes between the two moments for the parcels of these labels. Where they are is read from the order."""

    op_key: str
    case_id: UUID
    store: str
    order_id: str
    label_ids: tuple[str, ...]
    asked_at: AwareDatetime
    """When it was decided: the carrier cannot have been told before."""
    first: AwareDatetime
    last: AwareDatetime
    notes: str = ""
    attempt: int = 1


class Pickup(_Model):
    """`confirmation` is the carrier's own number, by which it answers the telephone. `pickup_id` is empty where a person
    decided to skip it."""

    pickup_id: str
    confirmation: str = ""


class CancelPickupRequest(_Model):
    op_key: str
    case_id: UUID
    store: str
    pickup_id: str
    asked_at: AwareDatetime
    """When the pick-up itself was asked for."""
    attempt: int = 1


def carrier_queue(account: str) -> str:
    """The task queue of a carrier account, rate-limited there."""
    return f"shipstation-{account}"
