"""Refund quotes, refunds and transactions: BigCommerce V3 payment actions (specification: orders.v3.yml)."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.bigcommerce import refund_amounts
from simulators.bigcommerce.access import (
    Refused,
    changed_since,
    json_object,
    listed,
    of_store,
    order_record,
    state_of,
    stored,
    v3_error,
    v3_list,
)
from simulators.bigcommerce.filling import transaction_document
from simulators.bigcommerce.order_documents import STATUS_NAMES
from simulators.state import Document, Transaction

PROCESSING_SECONDS = 0.1
"""How long an order is busy with one refund; a second one meanwhile is refused."""


def _refunds_of(request: Request, store: Document, order_id: int) -> list[Document]:
    return [refund for refund in of_store(request, "refunds", store) if refund["order_id"] == order_id]


async def post_quote(request: Request, store: Document) -> Response:
    """POST /orders/{id}/payment_actions/refund_quotes: 201, nothing is kept."""
    record = order_record(request, store, v3_error)
    body = await json_object(request, v3_error)
    quoted = refund_amounts.quote(record, _refunds_of(request, store, record["data"]["id"]), body)
    data = {
        "order_id": record["data"]["id"],
        "total_refund_amount": money.number(quoted.total),
        "total_refund_tax_amount": money.number(quoted.tax),
        "order_level_refund_amount": money.number(quoted.order_level),
        "rounding": 0,
        "adjustment": money.number(quoted.adjustment),
        "tax_inclusive": False,
        "refund_methods": quoted.methods,
    }
    return JSONResponse({"data": data, "meta": {}}, 201)


async def post_refund(request: Request, store: Document) -> Response:
    """POST /orders/{id}/payment_actions/refunds: 201; one at a time for an order, else 503."""
    order_id = request.path_params["order_id"]
    order_record(request, store, v3_error)
    busy: set[int] = request.app.state.busy_orders
    if order_id in busy:
        error = {"order_id": order_id, "status": 503, "error": "Another refund of this order is being processed."}
        raise Refused(JSONResponse({"data": [error], "meta": {}}, 503))
    body = await json_object(request, v3_error)
    busy.add(order_id)
    try:
        await asyncio.sleep(PROCESSING_SECONDS)
        return JSONResponse({"data": _refund(request, store, body), "meta": {}}, 201)
    finally:
        busy.discard(order_id)


def _refund(request: Request, store: Document, body: Document) -> Document:
    record = order_record(request, store, v3_error)
    order = record["data"]
    refunds = _refunds_of(request, store, order["id"])
    quoted = refund_amounts.quote(record, refunds, body)
    method = refund_amounts.chosen_method(quoted, body.get("payments"))
    declined = record["payment"]["declines_refunds"]
    with state_of(request).transaction() as transaction:
        number = transaction.next_number("bigcommerce.refunds", 3001)
        refund = _refund_document(transaction, number, order["id"], body, quoted, method, declined)
        transaction.put("bigcommerce.refunds", number, {"store": store["key"], "data": refund})
        _put_transaction(transaction, store, record, quoted, method, declined, request)
        before = order["status_id"]
        if not declined:
            _settle_order(record, [*refunds, refund])
            if method[0]["provider_id"] == "storecredit":
                _add_store_credit(request, transaction, order["customer_id"], method[0]["amount"])
        transaction.put("bigcommerce.orders", order["id"], record)
        webhooks.refund_created(request.app, transaction, store, order["id"], number)
        webhooks.order_changed(request.app, transaction, store, order["id"], before, order["status_id"])
    return refund


def _refund_document(
    transaction: Transaction,
    number: int,
    order_id: int,
    body: Document,
    quoted: refund_amounts.Quoted,
    method: list[Document],
    declined: bool,
) -> Document:
    items = []
    for item in body["items"]:
        kept = {
            "item_type": item["item_type"],
            "item_id": item["item_id"],
            "reason": item.get("reason", ""),
            "quantity": item.get("quantity", 1),
            "adjustments": item.get("adjustments") or [],
        }
        # Only where an amount was asked for: the specification of the POST answer allows no null.
        if "amount" in item:
            kept["requested_amount"] = float(item["amount"])
        items.append(kept)
    payments = [
        {
            "id": transaction.next_number("bigcommerce.refund_payments", 4001),
            "provider_id": part["provider_id"],
            "amount": part["amount"],
            "offline": part["offline"],
            "is_declined": declined,
            "declined_message": "The card issuer declined the refund." if declined else "",
            "transaction_id": f"re_{number:010d}",
        }
        for part in method
    ]
    return {
        "id": number,
        "order_id": order_id,
        "user_id": 1,
        "created": money.iso_offset(money.now()),
        "reason": body.get("reason", ""),
        "total_amount": money.number(quoted.total),
        "total_tax": money.number(quoted.tax),
        "uses_merchant_override_values": bool(body.get("merchant_calculated_override")),
        "items": items,
        "payments": payments,
    }


def _put_transaction(
    transaction: Transaction,
    store: Document,
    record: Document,
    quoted: refund_amounts.Quoted,
    method: list[Document],
    declined: bool,
    request: Request,
) -> None:
    if method[0]["offline"]:
        return
    number = transaction.next_number("bigcommerce.transactions", 7001)
    document = transaction_document(number, record, "refund", quoted.total, money.now())
    paid = [t for t in of_store(request, "transactions", store) if t["order_id"] == document["order_id"]]
    document["reference_transaction_id"] = paid[0]["id"] if paid else number
    document["status"] = "error" if declined else "ok"
    transaction.put("bigcommerce.transactions", number, {"store": store["key"], "data": document})


def _settle_order(record: Document, refunds: list[Document]) -> None:
    order = record["data"]
    lines = {line["id"]: line for line in record["products"]}
    for item in refunds[-1]["items"]:
        if item["item_type"] == "PRODUCT":
            line = lines[item["item_id"]]
            line["quantity_refunded"] += item["quantity"]
            line["is_refunded"] = line["quantity_refunded"] >= line["quantity"]
    whole = refund_amounts.refunded_before(refunds) >= money.decimal(order["total_inc_tax"])
    status = 4 if whole else 14
    order |= {"status_id": status, "status": STATUS_NAMES[status], "date_modified": money.rfc2822(money.now())}
    order["payment_status"] = "refunded" if whole else "partially refunded"
    record["b2b"] |= {"status": order["status"], "customStatus": order["status"], "statusCode": status}


def _add_store_credit(request: Request, transaction: Transaction, customer_id: int, amount: float) -> None:
    customer = state_of(request).get("bigcommerce.customers", customer_id)
    if customer:
        held = money.decimal(customer["data"]["store_credit_amounts"][0]["amount"])
        customer["data"]["store_credit_amounts"] = [{"amount": money.number(held + money.decimal(amount))}]
        transaction.put("bigcommerce.customers", customer_id, customer)


def _as_read(refund: Document) -> Document:
    # BigCommerce: a single refund is told with fewer fields, and requested_amount is a string or null there.
    items = []
    for item in refund["items"]:
        asked = f"{item['requested_amount']:.2f}" if "requested_amount" in item else None
        kept = {name: value for name, value in item.items() if name != "adjustments"}
        items.append(kept | {"requested_amount": asked})
    payments = [{name: value for name, value in payment.items() if name != "transaction_id"} for payment in refund["payments"]]
    return {**refund, "items": items, "payments": payments}


async def list_order_refunds(request: Request, store: Document) -> Response:
    """GET /orders/{id}/payment_actions/refunds."""
    record = order_record(request, store, v3_error)
    return JSONResponse({"data": _refunds_of(request, store, record["data"]["id"]), "meta": {}})


async def list_refunds(request: Request, store: Document) -> Response:
    """GET /orders/payment_actions/refunds."""
    refunds = of_store(request, "refunds", store)
    for name, field in (("order_id:in", "order_id"), ("id:in", "id")):
        wanted = listed(request, name)
        if wanted is not None:
            refunds = [refund for refund in refunds if str(refund[field]) in wanted]
    if since := request.query_params.get("created:min"):
        refunds = [refund for refund in refunds if changed_since(refund["created"], since, v3_error)]
    if number := request.query_params.get("transaction_id"):
        refunds = [r for r in refunds if any(payment["transaction_id"] == number for payment in r["payments"])]
    return v3_list(request, refunds)


async def get_refund(request: Request, store: Document) -> Response:
    """GET /orders/payment_actions/refunds/{id}."""
    number = request.path_params["refund_id"]
    found = [refund for refund in of_store(request, "refunds", store) if refund["id"] == number]
    if not found:
        raise v3_error(404, "The refund was not found.")
    return JSONResponse({"data": _as_read(found[0]), "meta": {}})


async def list_transactions(request: Request, store: Document) -> Response:
    """GET /orders/{id}/transactions; 204 when the order has none."""
    order_id = str(order_record(request, store, v3_error)["data"]["id"])
    found = [t for t in of_store(request, "transactions", store) if t["order_id"] == order_id]
    return v3_list(request, found) if found else Response(status_code=204)


def routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v3`."""
    actions = "/orders/{order_id:int}/payment_actions"
    one = "/orders/payment_actions/refunds/{refund_id:int}"
    return [
        Route(f"{actions}/refund_quotes", stored("refund_quote", post_quote), methods=["POST"]),
        Route(f"{actions}/refunds", stored("refund", post_refund), methods=["POST"]),
        Route(f"{actions}/refunds", stored("refunds", list_order_refunds), methods=["GET"]),
        Route("/orders/payment_actions/refunds", stored("refunds", list_refunds), methods=["GET"]),
        Route(one, stored("refunds", get_refund), methods=["GET"]),
        Route("/orders/{order_id:int}/transactions", stored("transactions", list_transactions), methods=["GET"]),
    ]
