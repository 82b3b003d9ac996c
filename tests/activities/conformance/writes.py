"""Every write outside that must happen once: how it is asked for, what it leaves at the provider, where it can be struck.

A new adapter's write is one more entry of WRITES; the tests beside this file then strike it with every fault and kill it at
every call.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from activities._kit.accounts import Accounts
from activities._kit.effects import EffectLedger
from activities.bigcommerce.cancelling import Cancelling
from activities.bigcommerce.models import (
    CancelRequest,
    GoodsLine,
    RefundLine,
    RefundRequest,
    ReplacementRequest,
    RestockRequest,
)
from activities.bigcommerce.refunds import Refunds
from activities.bigcommerce.replacements import Replacements
from activities.bigcommerce.restocking import Restocking
from activities.bigcommerce.stores import Stores
from activities.carriers.labels import ReturnLabels
from activities.carriers.models import CancelPickupRequest, PickupRequest, ReturnLabelRequest, VoidRequest
from activities.carriers.pickups import Pickups
from activities.finance.credit_notes import CreditNotes
from activities.finance.ledger import Ledger
from activities.finance.models import CreditLine, CreditNoteRequest
from activities.finance.xero_access import XeroAccess
from activities.mail.models import MailAttachment, OutgoingMail, SentMail
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from tests.activities.conftest import Outside

STORE, ORDER, LINE, SKU = "northwind-tools", "10400", "1040001", "NW-DRL-18V"
_QUANTITY = 2
BEGUN = datetime.now(UTC)
"""Before anything here is asked for, and the same at every attempt, as in a workflow."""


@dataclass(frozen=True)
class Means:
    """What the writes work with; `outside` is what an operator of the stand-ins sees."""

    ledger: EffectLedger
    accounts: Accounts
    playbook: RunningPlaybook
    blobs: Blobs
    http: httpx.AsyncClient
    access: XeroAccess
    outside: Outside

    @property
    def stores(self) -> Stores:
        return Stores(self.accounts, self.playbook, self.http)

    @property
    def pickups(self) -> Pickups:
        return Pickups(self.ledger, self.stores, self.accounts, self.playbook, self.http)

    @property
    def labels(self) -> ReturnLabels:
        return ReturnLabels(self.ledger, self.stores, self.accounts, self.playbook, self.blobs, self.http, _no_mail)


@dataclass(frozen=True)
class Asked:
    """One write asked for: by which key, in which case, and what stands at the provider before (`subject`)."""

    means: Means
    op_key: str
    case_id: UUID
    subject: str

    @property
    def keys(self) -> dict[str, Any]:
        return {"op_key": self.op_key, "case_id": self.case_id}


@dataclass(frozen=True)
class Write:
    """`operation` is the call that writes and `read` the one that looks it up, by their names of the fault switch. `made`
    counts what is there because of it. `prepare` returns the subject, such as the label that is to be given back."""

    name: str
    provider: str
    operation: str
    read: str
    ask: Callable[[Asked], Awaitable[Any]]
    made: Callable[[Asked], int]
    prepare: Callable[[Means, UUID], Awaitable[str]] | None = None


async def _no_mail(mail: OutgoingMail, attachments: tuple[MailAttachment, ...] = ()) -> SentMail:
    """The mail of a label has its own op_key, and tests of its own."""
    return SentMail(message_id=f"<{mail.op_key}@northwind-tools.example>")


async def _refund(asked: Asked) -> None:
    request = RefundRequest(
        **asked.keys, store=STORE, order_id=ORDER, lines=(RefundLine(line_id=LINE, quantity=1),), reason="damaged"
    )
    await Refunds(asked.means.ledger, asked.means.stores).refund(request)


async def _credit(asked: Asked) -> None:
    request = CreditNoteRequest(
        **asked.keys,
        account="main",
        number=f"CN-{asked.op_key}",
        invoice_number="INV-10401",
        lines=(CreditLine(sku="NW-SAW-185", quantity=1),),
        expected_total=None,
        refunded=False,
        reference=asked.op_key,
        reason="damaged",
    )
    means = asked.means
    await CreditNotes(means.ledger, Ledger(means.accounts, means.http, means.access)).credit_note(request)


def _label_request(op_key: str, case_id: UUID) -> ReturnLabelRequest:
    mail = OutgoingMail(op_key=f"{op_key}.mail", case_id=case_id, store=STORE, language="en", order_id=ORDER)
    return ReturnLabelRequest(
        op_key=op_key, case_id=case_id, store=STORE, order_id=ORDER, rma_number="RMA-1", weight_grams=900, mail=mail
    )


async def _buy_label(asked: Asked) -> None:
    await asked.means.labels.send_return_label(_label_request(asked.op_key, asked.case_id))


async def _bought(means: Means, case_id: UUID) -> str:
    return (await means.labels.send_return_label(_label_request(f"bought-{uuid4().hex[:20]}", case_id))).label_id


async def _void(asked: Asked) -> None:
    await asked.means.labels.void_label(VoidRequest(**asked.keys, account="main", label_id=asked.subject))


def _pickup_request(op_key: str, case_id: UUID, label_id: str) -> PickupRequest:
    first, last = BEGUN + timedelta(days=1), BEGUN + timedelta(days=1, hours=4)
    return PickupRequest(
        op_key=op_key,
        case_id=case_id,
        store=STORE,
        order_id=ORDER,
        label_ids=(label_id,),
        asked_at=BEGUN,
        first=first,
        last=last,
    )


async def _pick_up(asked: Asked) -> None:
    await asked.means.pickups.schedule_pickup(_pickup_request(asked.op_key, asked.case_id, asked.subject))


async def _ordered(means: Means, case_id: UUID) -> str:
    request = _pickup_request(f"van-{uuid4().hex[:20]}", case_id, await _bought(means, case_id))
    return (await means.pickups.schedule_pickup(request)).pickup_id


async def _cancel_pickup(asked: Asked) -> None:
    request = CancelPickupRequest(**asked.keys, store=STORE, pickup_id=asked.subject, asked_at=BEGUN)
    await asked.means.pickups.cancel_pickup(request)


def _goods() -> tuple[GoodsLine, ...]:
    return (GoodsLine(line_id=LINE, quantity=1),)


async def _replace(asked: Asked) -> None:
    request = ReplacementRequest(**asked.keys, store=STORE, order_id=ORDER, lines=_goods(), note="RMA-1")
    await Replacements(asked.means.ledger, asked.means.stores).replace(request)


async def _replaced(means: Means, case_id: UUID) -> str:
    request = ReplacementRequest(
        op_key=f"sent-{uuid4().hex[:20]}", case_id=case_id, store=STORE, order_id=ORDER, lines=_goods(), note="RMA-1"
    )
    return (await Replacements(means.ledger, means.stores).replace(request)).order_id


async def _cancel(asked: Asked) -> None:
    request = CancelRequest(**asked.keys, store=STORE, order_id=asked.subject)
    await Cancelling(asked.means.ledger, asked.means.stores).cancel_replacement(request)


async def _stocked(means: Means, case_id: UUID) -> str:
    return str(_on_hand(means.outside))


async def _restock(asked: Asked) -> None:
    lines = (GoodsLine(line_id=LINE, quantity=_QUANTITY),)
    request = RestockRequest(**asked.keys, store=STORE, order_id=ORDER, lines=lines, location_id=1)
    await Restocking(asked.means.ledger, asked.means.stores).restock(request)


def _on_hand(outside: Outside) -> int:
    return next(found["inventory_level"] for found in outside.held("bigcommerce", "products") if found["sku"] == SKU)


def _count(provider: str, collection: str, is_it: Callable[[dict[str, Any], Asked], bool]) -> Callable[[Asked], int]:
    return lambda asked: sum(is_it(found, asked) for found in asked.means.outside.held(provider, collection))


def _is_noted(note: dict[str, Any], asked: Asked) -> bool:
    return note["CreditNoteNumber"] == f"CN-{asked.op_key}" and note["Status"] not in ("DELETED", "VOIDED")


WRITES = (
    Write(
        "refund",
        "bigcommerce",
        "refund",
        "refunds",
        _refund,
        _count("bigcommerce", "refunds", lambda it, of: of.op_key in str(it)),
    ),
    Write("credit note", "xero", "credit_note", "credit_notes", _credit, _count("xero", "credit_notes", _is_noted)),
    Write(
        "return label",
        "shipstation",
        "label",
        "label_read",
        _buy_label,
        _count("shipstation", "labels", lambda it, of: it["external_shipment_id"] == of.op_key),
    ),
    Write(
        "label given back",
        "shipstation",
        "void",
        "label_read",
        _void,
        _count("shipstation", "labels", lambda it, of: it["label_id"] == of.subject and it["voided"]),
        _bought,
    ),
    Write(
        "pick-up",
        "shipstation",
        "pickup",
        "pickups",
        _pick_up,
        _count("shipstation", "pickups", lambda it, of: of.subject in it["label_ids"]),
        _bought,
    ),
    Write(
        "pick-up cancelled",
        "shipstation",
        "pickup_cancel",
        "pickups",
        _cancel_pickup,
        _count("shipstation", "pickups", lambda it, of: it["pickup_id"] == of.subject and bool(it["cancelled_at"])),
        _ordered,
    ),
    Write(
        "replacement",
        "bigcommerce",
        "order_create",
        "orders",
        _replace,
        _count("bigcommerce", "orders", lambda it, of: it["external_order_id"] == of.op_key),
    ),
    Write(
        "replacement taken back",
        "bigcommerce",
        "order_update",
        "order",
        _cancel,
        _count("bigcommerce", "orders", lambda it, of: str(it["id"]) == of.subject and it["status_id"] == 5),
        _replaced,
    ),
    Write(
        "restock",
        "bigcommerce",
        "inventory_adjustment",
        "inventory",
        _restock,
        lambda asked: (_on_hand(asked.means.outside) - int(asked.subject)) // _QUANTITY,
        _stocked,
    ),
)
