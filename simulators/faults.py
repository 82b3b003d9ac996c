"""Faults that a test or an operator arms: what a provider does wrong at its next calls, and how often."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, model_validator

from simulators.state import Moment

FaultName = Literal[
    "lost_before",
    "lost_after_commit",
    "error_500",
    "error_500_after_commit",
    "rate_limit",
    "slow",
    "stale_read",
    "duplicate_webhook",
    "late_webhook",
]

OPERATIONS: dict[str, tuple[str, ...]] = {
    "bigcommerce": (
        "store",
        "channels",
        "order",
        "orders",
        "order_create",
        "order_update",
        "order_products",
        "shipping_addresses",
        "shipments",
        "shipment",
        "order_messages",
        "order_message",
        "refund_quote",
        "refund",
        "refunds",
        "hooks",
        "hook",
        "hook_update",
        "hook_delete",
        "metafields",
        "metafield",
        "metafield_update",
        "metafield_delete",
        "transactions",
        "customers",
        "customer_groups",
        "products",
        "variants",
        "inventory",
        "inventory_adjustment",
        "companies",
        "company",
        "company_credit",
        "payment_terms",
        "users",
        "b2b_order",
        "b2b_orders",
        "quotes",
        "quote",
        "invoices",
        "receipt_lines",
    ),
    "shipstation": (
        "keys",
        "label",
        "labels",
        "label_read",
        "void",
        "shipment",
        "tracking",
        "label_document",
        "follow",
        "pickup",
        "pickups",
        "pickup_cancel",
        "hooks",
        "hook",
        "hook_delete",
        "carriers",
    ),
    "qapla": ("shipment", "push", "channel"),
    "xero": (
        "token",
        "connections",
        "contacts",
        "invoices",
        "invoice_payment",
        "credit_note",
        "credit_notes",
        "credit_note_update",
        "authorise",
        "void",
        "allocation",
        "allocation_delete",
        "payment",
        "payments",
        "tax_rates",
        "pdf",
    ),
    "ringcentral": ("token", "subscribe", "subscription", "renew", "call_log", "voicemail", "voicemail_content", "event"),
    "threecx": ("token", "call_history", "active_calls"),
    "mailbox": ("send_mail",),
    "twilio": ("message", "messages", "media", "write"),
    "whatsapp": ("message", "media", "media_file", "write"),
    "ebay": ("token", "public_key", "conversations", "conversation", "send_message", "write"),
    "tiktok": ("message", "messages", "write"),
}
"""The stable names of what each provider does, as the fault switch and the list of calls use them."""

EVERY = "*"
WEBHOOK_FAULTS = ("duplicate_webhook", "late_webhook")


class FaultOrder(BaseModel):
    """What `POST /_sim/faults` takes."""

    provider: str = Field(description="one of those that GET /_sim/faults lists")
    operation: str = Field(description="a name listed by GET /_sim/faults, or * for every operation of the provider")
    fault: FaultName
    count: int = Field(default=1, ge=0, description="how many calls are struck; 0 clears")
    seconds: float = Field(default=3.0, gt=0, le=120, description="length of a slow answer or of a webhook's delay")

    @model_validator(mode="after")
    def _known(self) -> "FaultOrder":
        if self.provider not in OPERATIONS:
            raise ValueError(f"unknown provider {self.provider!r}; known: {', '.join(OPERATIONS)}")
        if self.operation != EVERY and self.operation not in OPERATIONS[self.provider]:
            known = ", ".join((*OPERATIONS[self.provider], EVERY))
            raise ValueError(f"unknown operation {self.operation!r} of {self.provider}; known: {known}")
        return self


@dataclass
class Fault:
    """An armed fault with the number of calls that it will still strike. `then` is what stood when it was armed: a stale
    read still tells it."""

    provider: str
    operation: str
    fault: FaultName
    count: int
    seconds: float
    then: Moment


class Faults:
    """The armed faults; they live in memory, a restart disarms them."""

    def __init__(self) -> None:
        self._armed: dict[tuple[str, str, str], Fault] = {}

    def arm(self, order: FaultOrder, now: Moment) -> None:
        """Arm a fault, replace the same one, or clear it with count 0. `now` is what stands at present."""
        key = (order.provider, order.operation, order.fault)
        self._armed.pop(key, None)
        if order.count:
            self._armed[key] = Fault(order.provider, order.operation, order.fault, order.count, order.seconds, now)

    def take(self, provider: str, operation: str) -> Fault | None:
        """Use up one strike of the fault armed for this call; a named operation goes before `*`."""
        for wanted in (operation, EVERY):
            for key, fault in list(self._armed.items()):
                if key[:2] == (provider, wanted):
                    return self._strike(key, fault)
        return None

    def take_webhook(self, provider: str, operation: str) -> Fault | None:
        """Use up a strike of a webhook fault only, for events that no call of the provider causes."""
        for wanted in (operation, EVERY):
            for key, fault in list(self._armed.items()):
                if key[:2] == (provider, wanted) and fault.fault in WEBHOOK_FAULTS:
                    return self._strike(key, fault)
        return None

    def _strike(self, key: tuple[str, str, str], fault: Fault) -> Fault:
        fault.count -= 1
        if not fault.count:
            del self._armed[key]
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def listing(self) -> dict[str, Any]:
        """What `GET /_sim/faults` answers: what is armed, and every known name."""
        return {
            "armed": [{name: getattr(fault, name) for name in FaultOrder.model_fields} for fault in self._armed.values()],
            "faults": list(get_args(FaultName)),
            "operations": {provider: list(names) for provider, names in OPERATIONS.items()},
        }
