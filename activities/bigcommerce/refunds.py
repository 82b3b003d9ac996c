"""One refund of one order, exactly once although the store has no idempotency key (BigCommerce brief, section 7).

The op_key stands in the reason of every refunded item, so a refund whose answer was lost is found by reading. Before the
call a metafield of the order keeps the plan; a call that was never found is sent again only where the plan still holds.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from temporalio import activity

from activities._kit.effects import Declined, Done, Effect, EffectLedger, Found, Unconfirmed
from activities._kit.errors import Rejected
from activities._kit.http import number
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.documents import money, order_of
from activities.bigcommerce.models import REFUND, Order, Refund, RefundRequest
from activities.bigcommerce.stores import Stores, UnknownOrder
from domain.effects import EffectKind

_REASON_LIMIT = 1000
_STORE_CREDIT = "storecredit"


class _Plan(BaseModel):
    """What was true before the refund was sent."""

    refunds_before: tuple[str, ...]
    quantity_refunded: dict[str, int]
    total: Decimal
    tax: Decimal


class Refunds:
    """Pays buyers back through the store."""

    def __init__(self, ledger: EffectLedger, stores: Stores) -> None:
        self._ledger = ledger
        self._stores = stores

    @activity.defn(name=REFUND)
    async def refund(self, request: RefundRequest) -> Refund:
        """The refund, paid and confirmed.

        Raises Rejected where the order is unknown, unpaid, or the store refuses or declines; Ambiguous, Transient, Unclear,
        NeedsOperator and OpKeyConflict as the effect ledger does.
        """
        refunding = _Refunding(self._stores.client(request.store), self._stores.title(request.store), request)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.REFUND,
            provider="bigcommerce",
            account=request.store,
            request=_payload(request),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, refunding.perform, refunding.find, refunding.may_repeat)
        if done.skipped:
            nothing = Decimal(0)
            return Refund(refund_id="", order_id=request.order_id, amount=nothing, tax=nothing, currency=done.currency or "")
        if done.result is None:
            return await refunding.by_hand(done.provider_id)
        return Refund.model_validate(done.result)


def _payload(request: RefundRequest) -> dict[str, Any]:
    payload = request.model_dump(mode="json", exclude={"op_key", "case_id", "attempt"})
    return {**payload, "amount": None if request.amount is None else str(money(request.amount))}


class _Refunding:
    """The calls of one refund."""

    def __init__(self, client: StoreClient, title: str, request: RefundRequest) -> None:
        self._client = client
        self._title = title
        self._request = request
        self._plan_key = f"refund.{request.op_key}"

    async def perform(self) -> Done | None:
        order = await self._order()
        if not order.is_paid:
            raise Rejected(f"Order {order.order_id} is not paid; there is nothing to pay back. Credit it in the books instead.")
        refunds = await self._client.refunds(order.order_id)
        held = await self._held(refunds)
        if isinstance(held, Done | Unconfirmed):
            # Somebody wants it tried again, and meanwhile it has turned up.
            return held if isinstance(held, Done) else None
        items, quote = await self._quoted(order)
        payments = await self._payments(quote)
        plan = _Plan(
            refunds_before=tuple(str(refund["id"]) for refund in refunds),
            quantity_refunded=self._refunded(order),
            total=money(quote["total_refund_amount"]),
            tax=money(quote["total_refund_tax_amount"]),
        )
        await self._client.claim_metafield(order.order_id, self._plan_key, plan.model_dump_json())
        await self._client.post_refund(order.order_id, items, payments)
        return None

    async def find(self) -> Found:
        return await self._held(await self._client.refunds(self._request.order_id))

    async def _held(self, refunds: Sequence[Document]) -> Found:
        ours = [refund for refund in refunds if self._is_ours(refund)]
        paid = next((refund for refund in ours if not _declined_words(refund)), None)
        if paid is not None:
            if not await self._confirmed(paid, refunds):
                return Unconfirmed(f"Refund {paid['id']} stands in {self._title}, its payment is not confirmed yet.")
            return await self._done(paid)
        if not ours:
            return None
        plan = await self._plan()
        fresh = [refund for refund in ours if plan is None or str(refund["id"]) not in plan.refunds_before]
        return Declined(f"The payment was declined: {_declined_words(fresh[-1])}") if fresh else None

    async def may_repeat(self) -> bool:
        """Whether the plan still holds. Lines are bound to quantities, so the store refuses to refund them twice; what the
        plan rules out is that somebody else's refund is mistaken for room for ours."""
        plan = await self._plan()
        if plan is None:
            # The plan is written and acknowledged before the refund is sent: it never went out.
            return True
        order = await self._order()
        if self._refunded(order) != plan.quantity_refunded:
            return False
        try:
            _, quote = await self._quoted(order)
        except Rejected:
            return False
        return (money(quote["total_refund_amount"]), money(quote["total_refund_tax_amount"])) == (plan.total, plan.tax)

    async def by_hand(self, refund_id: str) -> Refund:
        """What a person says is done, as the store holds it. Raises Rejected where the store has no such refund."""
        for refund in await self._client.refunds(self._request.order_id):
            if str(refund["id"]) == refund_id:
                return Refund.model_validate((await self._done(refund)).result)
        raise Rejected(f"{self._title} has no refund {refund_id} of order {self._request.order_id}.")

    async def _order(self) -> Order:
        order_id = self._request.order_id
        order = await self._client.order(order_id) if order_id.isdecimal() else None
        if order is None:
            raise UnknownOrder(f"Order {order_id} is not known to {self._title}.")
        return order_of(self._request.store, order, await self._client.products(order_id), [])

    async def _quoted(self, order: Order) -> tuple[list[Document], Document]:
        """Items and their quote, whose total is what was asked for."""
        items = self._items(order)
        quote = await self._client.quote_refund(order.order_id, items)
        worth, wanted = money(quote["total_refund_amount"]), self._request.amount
        if wanted is None or money(wanted) == worth:
            return items, quote
        if money(wanted) > worth:
            raise Rejected(f"{wanted} {order.currency} is more than these lines are worth to the store: {worth}.")
        # A deduction goes into the quote, so the store works out the tax and its total is compared before money moves;
        # merchant_calculated_override skips the store's tax records and could only be checked afterwards.
        _deduct(items, order, worth - money(wanted))
        quote = await self._client.quote_refund(order.order_id, items)
        quoted = money(quote["total_refund_amount"])
        if quoted != money(wanted):
            raise Rejected(f"The store would refund {quoted} {order.currency} where {money(wanted)} was decided.")
        return items, quote

    def _items(self, order: Order) -> list[Document]:
        known = {line.line_id for line in order.lines}
        for line in self._request.lines:
            if line.line_id not in known:
                raise Rejected(f"Order {order.order_id} has no line {line.line_id}.")
        mark = f" [{self._request.op_key}]"
        reason = self._request.reason[: _REASON_LIMIT - len(mark)] + mark
        return [
            {"item_type": "PRODUCT", "item_id": int(line.line_id), "quantity": line.quantity, "reason": reason}
            for line in self._request.lines
        ]

    async def _payments(self, quote: Document) -> list[Document]:
        """One of the quoted methods, each of which adds up to the total: the one by which money goes back as it came.

        Raises Rejected where the store could only note the refund down: no money would move, yet it would look paid.
        """
        online = [method for method in quote["refund_methods"] if not any(part["offline"] for part in method)]
        paid_back = [method for method in online if any(part["provider_id"] != _STORE_CREDIT for part in method)]
        if not paid_back and await self._paid_by_store_credit():
            paid_back = online
        if not paid_back:
            raise Rejected("The store cannot pay this back itself. Pay the buyer by hand, record it there and note its number.")
        return [
            {"provider_id": part["provider_id"], "amount": number(money(part["amount"])), "offline": False}
            for part in paid_back[0]
        ]

    async def _paid_by_store_credit(self) -> bool:
        transactions = await self._client.transactions(self._request.order_id)
        paid = [transaction for transaction in transactions if transaction["event"] in ("purchase", "capture")]
        return bool(paid) and all(transaction["method"] == "store_credit" for transaction in paid)

    def _refunded(self, order: Order) -> dict[str, int]:
        wanted = {line.line_id for line in self._request.lines}
        return {line.line_id: line.quantity_refunded for line in order.lines if line.line_id in wanted}

    async def _plan(self) -> _Plan | None:
        held = await self._client.metafield(self._request.order_id, self._plan_key)
        return None if held is None else _Plan.model_validate_json(held["value"])

    def _is_ours(self, refund: Document) -> bool:
        mark = f"[{self._request.op_key}]"
        return any(mark in str(item.get("reason") or "") for item in refund.get("items") or [])

    async def _confirmed(self, refund: Document, refunds: Sequence[Document]) -> bool:
        """Whether the gateway has carried it out. A transaction does not name its refund, so equal amounts are counted."""
        amounts = [amount for other in refunds for amount in _online_amounts(other)]
        transactions = await self._client.transactions(self._request.order_id)
        carried_out = [
            money(transaction["amount"])
            for transaction in transactions
            if transaction["event"] == "refund" and transaction.get("status") == "ok"
        ]
        return all(carried_out.count(amount) >= amounts.count(amount) for amount in _online_amounts(refund))

    async def _done(self, refund: Document) -> Done:
        order = await self._client.order(self._request.order_id)
        found = Refund(
            refund_id=str(refund["id"]),
            order_id=self._request.order_id,
            amount=money(refund["total_amount"]),
            tax=money(refund["total_tax"]),
            currency=str(order["currency_code"]) if order else "",
        )
        return Done(found.refund_id, found.model_dump(mode="json"), found.amount, found.currency)


def _deduct(items: list[Document], order: Order, amount: Decimal) -> None:
    """Takes `amount` off the items, one after the other, none below zero."""
    prices = {line.line_id: line.price for line in order.lines}
    for item in items:
        share = min(amount, prices[str(item["item_id"])] * item["quantity"])
        if share > 0:
            item["adjustments"] = [{"amount": number(-share), "description": "Deduction"}]
            amount -= share


def _declined_words(refund: Document) -> str | None:
    """What the gateway said where it declined a payment of this refund, else None."""
    declined = [payment for payment in refund.get("payments") or [] if payment.get("is_declined")]
    return (declined[0].get("declined_message") or "no reason given") if declined else None


def _online_amounts(refund: Document) -> list[Decimal]:
    if _declined_words(refund):
        return []
    return [money(payment["amount"]) for payment in refund.get("payments") or [] if not payment.get("offline")]
