"""Opening a return: the order looked up, what may be returned checked, the rules pinned."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from temporalio import activity

from activities._kit.errors import Transient
from activities.bigcommerce.models import LookUp, Order, OrderContext
from activities.bigcommerce.stores import Stores
from activities.records.models import OPEN_RETURN, CaseReference, OpenedReturn, ReturnLineFacts, ReturnPolicy
from domain.playbook import Playbook
from domain.promises import promises_of
from domain.routing import RoutingFacts, route
from domain.triage import Intent
from playbook.running import RunningPlaybook
from storage import cases
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
            order_id = birth["start"]["lines"][0]["order_id"]
            if birth["state"] is not None:
                return OpenedReturn(stored=birth["state"])
            policy = self._policy(playbook, reference.store, order_id)
            wanted: dict[str, Any] = birth["start"]
            elsewhere = await cases.quantities_under_return(connection, birth["id"], reference.store, order_id)
            ticket = await cases.read_birth(connection, birth["parent_id"]) if birth["parent_id"] else None
            await cases.keep_playbook(connection, playbook)
        context = await self._stores.look_up(LookUp(store=reference.store, order_ids=(order_id,)))
        if not context.store_answered:
            if reference.patient:
                raise Transient("; ".join(context.missing))
            return OpenedReturn(store_answered=False, policy=policy)
        async with self._database.begin() as connection:
            await cases.keep_context(connection, reference.case_id, context.model_dump(mode="json"), context.as_of)
        language = (ticket["state"] or {}).get("language") if ticket else None
        language = language or playbook.stores[birth["store"]].languages[0]
        return self._opened(birth, wanted, context, elsewhere, language, policy)

    def _opened(
        self,
        birth: dict[str, Any],
        wanted: dict[str, Any],
        context: OrderContext,
        elsewhere: dict[str, int],
        language: str,
        policy: ReturnPolicy,
    ) -> OpenedReturn:
        order = next(iter(context.orders), None)
        order_id = wanted["lines"][0]["order_id"]
        lines = tuple(_line(number, asked, order) for number, asked in enumerate(wanted["lines"], 1))
        return OpenedReturn(
            ticket_id=birth["parent_id"],
            order_id=order_id,
            company=context.company.name if context.company else None,
            language=language,
            lines=lines,
            wish=wanted["wish"],
            currency=order.currency if order else "",
            is_paid=order.is_paid if order else False,
            started_by=wanted.get("started_by") or "an agent",
            problems=self._problems(order, order_id, lines, elsewhere, policy.rules.reasons),
            policy=policy,
        )

    def _problems(
        self,
        order: Order | None,
        order_id: str,
        lines: tuple[ReturnLineFacts, ...],
        elsewhere: dict[str, int],
        reasons: tuple[str, ...],
    ) -> tuple[str, ...]:
        if order is None:
            return (f"Order {order_id} is not known to the store.",)
        problems: list[str] = []
        bought = {line.line_id: line for line in order.lines}
        for line in lines:
            known = bought.get(line.line_id)
            if known is None:
                problems.append(f"Line {line.line}: order {order_id} has no line {line.line_id}.")
                continue
            returned = max(known.quantity_refunded, elsewhere.get(line.line_id, 0))
            if line.quantity > known.quantity - returned:
                before = f", {returned} of them returned already" if returned else ""
                problems.append(f"Line {line.line}: {line.quantity} asked back, {known.quantity} bought{before}.")
        problems += [
            f"Line {line.line}: “{line.reason}” is no reason of the playbook; there are {', '.join(reasons)}."
            for line in lines
            if line.reason not in reasons
        ]
        return tuple(problems)

    @staticmethod
    def _policy(playbook: Playbook, store_key: str, order_id: str) -> ReturnPolicy:
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
            invoice_number=store.invoice_number.format(order_id=order_id),
        )


def _line(number: int, asked: dict[str, Any], order: Order | None) -> ReturnLineFacts:
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
    )
