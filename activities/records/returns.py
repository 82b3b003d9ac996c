"""Opening a return: the order looked up, what may be returned checked, the rules pinned."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from temporalio import activity

from activities._kit.errors import Transient
from activities.bigcommerce.models import LookUp, Order
from activities.bigcommerce.stores import Stores
from activities.records.models import OPEN_RETURN, CaseReference, OpenedReturn, ReturnedOrder, ReturnLineFacts, ReturnPolicy
from activities.records.order_record import OrderRecord
from domain.playbook import Playbook, ReturnRules, Store
from domain.promises import promises_of
from domain.returning import exception_to
from domain.routing import RoutingFacts, route
from domain.triage import Intent
from playbook.running import RunningPlaybook
from storage import cases, order_records
from storage.engine import Database


class ReturnRecords:
    def __init__(self, database: Database, playbook: RunningPlaybook, stores: Stores) -> None:
        self._database = database
        self._playbook = playbook
        self._stores = stores

    @activity.defn(name=OPEN_RETURN)
    async def open_return(self, reference: CaseReference) -> OpenedReturn:
        """All a return needs to be judged. With `patient` raises Transient while the store does not answer."""
        playbook = self._playbook.now
        async with self._database.begin() as connection:
            birth = await cases.read_birth(connection, reference.case_id)
            if birth["state"] is not None:
                return OpenedReturn(stored=birth["state"])
            policy = self._policy(playbook, reference.store)
            wanted: dict[str, Any] = birth["start"]
            order_ids = tuple(dict.fromkeys(line["order_id"] for line in wanted["lines"]))
            records = await order_records.read(connection, reference.store, order_ids)
            elsewhere = await cases.quantities_under_return(connection, birth["id"], reference.store, order_ids)
            ticket = await cases.read_birth(connection, birth["parent_id"]) if birth["parent_id"] else None
            await cases.keep_playbook(connection, playbook)
        context = await self._stores.look_up(LookUp(store=reference.store, order_ids=order_ids))
        if not context.store_answered:
            if reference.patient:
                raise Transient("; ".join(context.missing))
            return OpenedReturn(store_answered=False, policy=policy)
        async with self._database.begin() as connection:
            await cases.keep_context(connection, reference.case_id, context.model_dump(mode="json"), context.as_of)
        store = playbook.stores[birth["store"]]
        orders = {order.order_id: order for order in context.orders}
        known = {order_id: OrderRecord.model_validate(stored.content) for order_id, stored in records.items()}
        lines = tuple(_line(number, asked, orders, known, policy.rules) for number, asked in enumerate(wanted["lines"], 1))
        return OpenedReturn(
            ticket_id=birth["parent_id"],
            returned_orders=tuple(_returned(order_id, orders, store) for order_id in order_ids),
            company=context.company.name if context.company else None,
            language=((ticket["state"] or {}).get("language") if ticket else None) or store.languages[0],
            lines=lines,
            wish=wanted["wish"],
            currency=next((order.currency for order in context.orders), ""),
            started_by=wanted.get("started_by") or "an agent",
            problems=(*_problems_together(context.orders), *_problems(orders, lines, elsewhere, policy.rules.reasons)),
            policy=policy,
        )

    @staticmethod
    def _policy(playbook: Playbook, store_key: str) -> ReturnPolicy:
        store = playbook.stores[store_key]
        facts = RoutingFacts(store=store_key, intents=(Intent.RETURN,))
        routed = route(playbook.routing, facts, playbook.tickets.default_queue)
        return ReturnPolicy(
            playbook_version=playbook.version,
            promises=promises_of(playbook, store_key, datetime.now(UTC)),
            rules=playbook.returns,
            owner=routed.owner or playbook.queues[routed.queue].owner,
            queue=routed.queue,
            carrier_account=store.carrier_account,
            ledger_account=store.ledger_account,
            restock_location=store.restock_location,
        )


def _returned(order_id: str, orders: dict[str, Order], store: Store) -> ReturnedOrder:
    known = orders.get(order_id)
    invoice_number = store.invoice_number.format(order_id=order_id)
    return ReturnedOrder(order_id=order_id, is_paid=known is not None and known.is_paid, invoice_number=invoice_number)


def _line(
    number: int, asked: dict[str, Any], orders: dict[str, Order], records: dict[str, OrderRecord], rules: ReturnRules
) -> ReturnLineFacts:
    record, reason = records.get(asked["order_id"]), rules.reasons.get(asked["reason"])
    delivered_at = record.delivered_at(asked["line_id"]) if record else None
    order = orders.get(asked["order_id"])
    known = next((line for line in order.lines if line.line_id == asked["line_id"]), None) if order else None
    return ReturnLineFacts(
        line=number,
        order_id=asked["order_id"],
        line_id=asked["line_id"],
        sku=known.sku if known else "",
        name=known.name if known else "",
        quantity=asked["quantity"],
        reason=asked["reason"],
        serial=asked.get("serial"),
        price=known.price if known else Decimal(0),
        exception=exception_to(reason, delivered_at, datetime.now(UTC)) if reason else None,
    )


def _problems_together(orders: Sequence[Order]) -> Iterator[str]:
    """Why orders cannot come back in one return: whom it is made good to, and in which money, must be one."""
    if len({order.currency for order in orders}) > 1:
        yield "The orders are in several currencies; begin one return for each."
    if len({order.company_id or order.customer_id for order in orders}) > 1:
        yield "The orders were not bought by one customer or company; begin one return for each."


def _problems(
    orders: dict[str, Order],
    lines: tuple[ReturnLineFacts, ...],
    elsewhere: dict[tuple[str, str], int],
    reasons: Collection[str],
) -> Iterator[str]:
    for order_id in dict.fromkeys(line.order_id for line in lines):
        if order_id not in orders:
            yield f"Order {order_id} is not known to the store."
    for line in lines:
        if line.order_id not in orders:
            continue
        known = next((each for each in orders[line.order_id].lines if each.line_id == line.line_id), None)
        if known is None:
            yield f"Line {line.line}: order {line.order_id} has no line {line.line_id}."
            continue
        returned = max(known.quantity_refunded, elsewhere.get((line.order_id, line.line_id), 0))
        if line.quantity > known.quantity - returned:
            before = f", {returned} of them returned already" if returned else ""
            yield f"Line {line.line}: {line.quantity} asked back, {known.quantity} bought{before}."
    for line in lines:
        if line.reason not in reasons:
            yield f"Line {line.line}: “{line.reason}” is no reason of the playbook; there are {', '.join(reasons)}."
