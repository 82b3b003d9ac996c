"""Labels and parcels: what we ask of a carrier account and what it gives."""

from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

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


def carrier_queue(account: str) -> str:
    """The task queue of a carrier account, rate-limited there."""
    return f"shipstation-{account}"
