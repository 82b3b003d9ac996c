"""`POST /_sim/advance`: time passes for a parcel, an order or an invoice; a buyer writes at an order or calls."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from simulators import money, webhooks
from simulators.bigcommerce.filling import transaction_document, written_message
from simulators.bigcommerce.order_documents import STATUS_NAMES
from simulators.calls.ringing import CallStep, ring
from simulators.connection import webhook_fault
from simulators.faults import Faults
from simulators.qapla import shipments as qapla_shipments
from simulators.shipstation.tracking import move_parcel
from simulators.state import Document, State
from simulators.xero.documents import payment_document
from simulators.xero.sales import invoice_record, reduce_due

PARCEL_STEPS: dict[str, tuple[str, str, str]] = {
    "accepted": ("AC", "PICKED_UP", "Picked up by the carrier"),
    "in_transit": ("IT", "IN_TRANSIT", "On its way through the network"),
    "out_for_delivery": ("IT", "OUT_FOR_DELIVERY", "Out for delivery"),
    "delivered": ("DE", "DELIVERED", "Delivered"),
    "attempt_failed": ("AT", "ATTEMPTED_DELIVERY", "Delivery attempted, nobody there"),
    "available_for_pickup": ("SP", "AWAITING_COLLECTION_FROM_PICKUP_POINT", "Ready for collection"),
    "exception": ("EX", "HELD_BY_CARRIER", "Held at the depot"),
    "damaged": ("EX", "PARCEL_DAMAGED", "Parcel damaged in transit"),
    "lost": ("EX", "PARCEL_LOST", "Parcel lost"),
    "returning": ("EX", "RETURN_TO_SENDER", "On its way back to the sender"),
}
"""What a parcel can be moved to: ShipStation's status code, detail code and words."""

PARCEL_ROAD = ("accepted", "in_transit", "out_for_delivery", "delivered")
STRUCK_AS = {
    "parcel": ("shipstation", "tracking"),
    "order": ("bigcommerce", "order_update"),
    "invoice": ("xero", "invoice_payment"),
    "order_message": ("bigcommerce", "order_message"),
    "call": ("ringcentral", "event"),
}
"""Under which operation a webhook fault strikes the event of a step."""

ORDER_ROAD = {7: 11, 1: 11, 11: 9, 9: 2, 3: 2, 2: 10, 8: 10}


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ParcelStep(_Step):
    """The next scan of a parcel, or the one named."""

    kind: Literal["parcel"]
    tracking_number: str | None = None
    label_id: str | None = None
    to: str | None = Field(default=None, description=f"one of {', '.join(PARCEL_STEPS)}; the next of the road when left out")


class OrderStep(_Step):
    """The next status of an order, or the one named; `paid` settles an unpaid order."""

    kind: Literal["order"]
    id: int
    to: Annotated[int, Field(ge=0, le=14)] | None = None
    paid: bool = False


class InvoiceStep(_Step):
    """A payment of an invoice: `pay` is an amount or true for all; without it the invoice falls due yesterday."""

    kind: Literal["invoice"]
    number: str
    pay: Decimal | bool | None = None


class OrderMessageStep(_Step):
    """Somebody writes at an order. The order itself does not change by it: nothing says that it does at BigCommerce."""

    kind: Literal["order_message"]
    id: int
    message: str
    subject: str = ""
    by_staff: bool = False


AnyStep = Annotated[ParcelStep | OrderStep | InvoiceStep | OrderMessageStep | CallStep, Field(discriminator="kind")]


class Step(BaseModel):
    """What `POST /_sim/advance` takes."""

    step: AnyStep


class Impossible(Exception):
    """The step cannot be made; the text says why."""


def advance(request: Request, step: AnyStep) -> Document:
    """Make one step and give the document afterwards."""
    faults: Faults = request.app.state.faults
    webhook_fault.set(faults.take_webhook(*STRUCK_AS[step.kind]))
    state: State = request.app.state.state
    if isinstance(step, CallStep):
        return ring(request, step)
    if isinstance(step, ParcelStep):
        return _parcel(request, state, step)
    if isinstance(step, OrderMessageStep):
        return _order_message(request, state, step)
    return _order(request, state, step) if isinstance(step, OrderStep) else _invoice(request, state, step)


def _parcel(request: Request, state: State, step: ParcelStep) -> Document:
    number = step.tracking_number
    if step.label_id:
        label = state.get("shipstation.labels", step.label_id)
        if label is None:
            raise Impossible(f"no label {step.label_id}")
        number = label["data"]["tracking_number"]
    record = state.get("shipstation.trackings", number or "")
    followed = state.get("qapla.shipments", number or "")
    if record is None and followed is None:
        raise Impossible(f"no parcel with tracking number {number}")
    events = record["data"]["events"] if record else followed["scans"] if followed else []
    target = step.to or _next_of_road(events)
    if target not in PARCEL_STEPS:
        raise Impossible(f"unknown target {target!r}; known: {', '.join(PARCEL_STEPS)}")
    if record is not None:
        return move_parcel(request, state, record, *PARCEL_STEPS[target])
    return qapla_shipments.move(request, state, followed or {}, *PARCEL_STEPS[target])


def _next_of_road(events: list[Document]) -> str:
    reached = {(event["status_code"], event.get("status_detail_code")) for event in events}
    codes = {code for code, _ in reached}
    if "DE" in codes:
        raise Impossible("the parcel is delivered; name a target with `to`")
    if ("IT", "OUT_FOR_DELIVERY") in reached:
        return "delivered"
    if "IT" in codes:
        return "out_for_delivery"
    return "in_transit" if "AC" in codes else PARCEL_ROAD[0]


def _order(request: Request, state: State, step: OrderStep) -> Document:
    record = state.get("bigcommerce.orders", step.id)
    if record is None:
        raise Impossible(f"no order {step.id}")
    order = record["data"]
    before: int = order["status_id"]
    status: int = step.to if step.to is not None else ORDER_ROAD.get(before, before)
    if status == before and step.to is None and not step.paid:
        raise Impossible(f"order {step.id} has status {STATUS_NAMES[before]}; name a target with `to`")
    if step.paid and step.to is None:
        status = 11 if before in (1, 7) else before
    store = next(store for store in state.all("stores") if store["key"] == record["store"])
    order |= {"status_id": status, "status": STATUS_NAMES[status], "date_modified": money.rfc2822(money.now())}
    record["b2b"] |= {"status": order["status"], "customStatus": order["status"], "statusCode": status}
    with state.transaction() as transaction:
        if step.paid and record["payment"]["state"] != "settled":
            record["payment"]["state"] = "settled"
            order["payment_status"] = "captured"
            number = transaction.next_number("bigcommerce.transactions", 7001)
            paid = transaction_document(number, record, "purchase", money.decimal(order["total_inc_tax"]), money.now())
            transaction.put("bigcommerce.transactions", number, {"store": record["store"], "data": paid})
        transaction.put("bigcommerce.orders", step.id, record)
        webhooks.order_changed(request.app, transaction, store, step.id, before, status)
    return order


def _order_message(request: Request, state: State, step: OrderMessageStep) -> Document:
    record = state.get("bigcommerce.orders", step.id)
    if record is None:
        raise Impossible(f"no order {step.id}")
    store = next(store for store in state.all("stores") if store["key"] == record["store"])
    with state.transaction() as transaction:
        number = transaction.next_number("bigcommerce.order_messages", 900_001)
        customer, staff = record["data"]["customer_id"], 1 if step.by_staff else 0
        message = written_message(number, step.id, customer, step.subject, step.message, money.now(), staff_id=staff)
        record["messages"].append(message)
        transaction.put("bigcommerce.orders", step.id, record)
        webhooks.order_message_created(request.app, transaction, store, step.id, number)
    return message


def _invoice(request: Request, state: State, step: InvoiceStep) -> Document:
    record = invoice_record(state, step.number)
    if record is None:
        raise Impossible(f"no invoice {step.number}")
    invoice = record["data"]
    with state.transaction() as transaction:
        if step.pay is None or step.pay is False:
            invoice["DueDate"] = money.xero_date(money.parse_moment(str(money.unix(money.now()) - 86400)))
        else:
            due = money.decimal(invoice["AmountDue"])
            value = due if step.pay is True else money.cents(Decimal(step.pay))
            if not 0 < value <= due:
                raise Impossible(f"invoice {step.number} has {due:.2f} due; {value:.2f} cannot be paid")
            reduce_due(invoice, value, "AmountPaid")
            payment = payment_document(str(uuid4()), "ACCRECPAYMENT", value, money.now())
            payment["Invoice"] = {"InvoiceID": invoice["InvoiceID"], "InvoiceNumber": invoice["InvoiceNumber"]}
            invoice["Payments"].append({name: payment[name] for name in ("PaymentID", "Date", "Amount")})
            transaction.put("xero.payments", payment["PaymentID"], {"store": record["store"], "data": payment})
        transaction.put("xero.invoices", invoice["InvoiceID"], record)
        webhooks.ledger_changed(request.app, transaction, "INVOICE", invoice["InvoiceID"])
    return invoice
