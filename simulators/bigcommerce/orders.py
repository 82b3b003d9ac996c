"""Orders, their lines, addresses, shipments and messages: BigCommerce V2 (specification: orders.v2.oas2.yml)."""

import sys

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.bigcommerce.access import (
    changed_since,
    json_object,
    of_store,
    order_record,
    state_of,
    stored,
    v2_error,
    v2_list,
    whole_number,
)
from simulators.bigcommerce.new_orders import post_order
from simulators.bigcommerce.order_documents import STATUS_NAMES
from simulators.bigcommerce.shipment_documents import add_shipment
from simulators.state import Document

WRITABLE = {"status_id", "staff_notes", "customer_message", "external_order_id"}
"""Fields of an order that the stand-in lets a client change; BigCommerce lets more be written."""

SHIPMENT_FIELDS = {
    "order_address_id",
    "tracking_number",
    "tracking_link",
    "merchant_shipping_cost",
    "shipping_method",
    "shipping_provider",
    "tracking_carrier",
    "comments",
    "items",
}


async def get_order(request: Request, store: Document) -> Response:
    """GET /orders/{id}."""
    return JSONResponse(order_record(request, store, v2_error)["data"])


async def list_orders(request: Request, store: Document) -> Response:
    """GET /orders with the filters that support work needs; 204 when none is found."""
    orders = of_store(request, "orders", store)
    query = request.query_params
    equal = {
        "customer_id": lambda order: str(order["customer_id"]),
        "status_id": lambda order: str(order["status_id"]),
        "email": lambda order: order["billing_address"]["email"].lower(),
        "external_order_id": lambda order: order["external_order_id"],
        "payment_method": lambda order: order["payment_method"].lower(),
        "channel_id": lambda order: str(order["channel_id"]),
        "cart_id": lambda order: order["cart_id"],
    }
    for name, read in equal.items():
        if name in query:
            orders = [order for order in orders if read(order).lower() == query[name].lower()]
    for name in ("min_id", "max_id"):
        if name in query:
            if not query[name].isdigit():
                raise v2_error(400, f"The field '{name}' is invalid.")
            limit = int(query[name])
            orders = [o for o in orders if (o["id"] >= limit if name == "min_id" else o["id"] <= limit)]
    for field in ("date_created", "date_modified"):
        if f"min_{field}" in query:
            orders = [o for o in orders if changed_since(o[field], query[f"min_{field}"], v2_error)]
        if f"max_{field}" in query:
            orders = [o for o in orders if not changed_since(o[field], query[f"max_{field}"], v2_error)]
    field, _, direction = query.get("sort", "id:asc").partition(":")
    if field in ("date_created", "date_modified"):
        orders.sort(key=lambda order: money.parse_moment(order[field]))
    elif field in ("id", "customer_id", "status_id", "channel_id"):
        orders.sort(key=lambda order: order[field])
    else:
        raise v2_error(400, "The field 'sort' is invalid.")
    return v2_list(request, orders[::-1] if direction == "desc" else orders)


async def put_order(request: Request, store: Document) -> Response:
    """PUT /orders/{id}: status and notes; a read-only field is refused with 400."""
    record = order_record(request, store, v2_error)
    body = await json_object(request, v2_error)
    for name in body:
        if name not in WRITABLE:
            message = f"The field '{name}' cannot be written to. Please remove it from your request before trying again."
            raise v2_error(400, message)
    status = body.get("status_id", record["data"]["status_id"])
    if not isinstance(status, int) or isinstance(status, bool) or not 0 <= status < len(STATUS_NAMES):
        raise v2_error(400, "The field 'status_id' is invalid.")
    if len(str(body.get("staff_notes", ""))) > 65535:
        raise v2_error(400, "The field 'staff_notes' is too long.")
    order = record["data"]
    before = order["status_id"]
    order |= body | {"status": STATUS_NAMES[status], "date_modified": money.rfc2822(money.now())}
    record["b2b"] |= {"status": order["status"], "customStatus": order["status"], "statusCode": status}
    state = state_of(request)
    with state.transaction() as transaction:
        transaction.put("bigcommerce.orders", order["id"], record)
        webhooks.order_changed(request.app, transaction, store, order["id"], before, status)
    return JSONResponse(order)


async def list_products(request: Request, store: Document) -> Response:
    """GET /orders/{id}/products: the lines; the line's id is what shipments and refunds name."""
    return v2_list(request, order_record(request, store, v2_error)["products"])


async def list_addresses(request: Request, store: Document) -> Response:
    """GET /orders/{id}/shipping_addresses."""
    return v2_list(request, order_record(request, store, v2_error)["addresses"])


async def list_messages(request: Request, store: Document) -> Response:
    """GET /orders/{id}/messages; BigCommerce has no call that writes one."""
    messages = order_record(request, store, v2_error)["messages"]
    query = request.query_params
    for name in {"status", "customer_id", "is_flagged"} & set(query):
        messages = [message for message in messages if str(message[name]).lower() == query[name].lower()]
    least = whole_number(request, "min_id", 1, v2_error)
    most = whole_number(request, "max_id", sys.maxsize, v2_error)
    messages = [message for message in messages if least <= message["id"] <= most]
    if since := query.get("min_date_created"):
        messages = [message for message in messages if changed_since(message["date_created"], since, v2_error)]
    if until := query.get("max_date_created"):
        messages = [message for message in messages if not changed_since(message["date_created"], until, v2_error)]
    return v2_list(request, messages)


async def list_shipments(request: Request, store: Document) -> Response:
    """GET /orders/{id}/shipments; 204 when none."""
    order = order_record(request, store, v2_error)["data"]
    return v2_list(request, [s for s in of_store(request, "shipments", store) if s["order_id"] == order["id"]])


async def get_shipment(request: Request, store: Document) -> Response:
    """GET /orders/{id}/shipments/{shipment_id}."""
    order = order_record(request, store, v2_error)["data"]
    for shipment in of_store(request, "shipments", store):
        if (shipment["order_id"], shipment["id"]) == (order["id"], request.path_params["shipment_id"]):
            return JSONResponse(shipment)
    raise v2_error(404, "The requested resource was not found.")


async def post_shipment(request: Request, store: Document) -> Response:
    """POST /orders/{id}/shipments: 201; moves the order to Shipped or Partially Shipped."""
    record = order_record(request, store, v2_error)
    body = await json_object(request, v2_error)
    _check_shipment(record, body)
    state = state_of(request)
    before = record["data"]["status_id"]
    with state.transaction() as transaction:
        number = transaction.next_number("bigcommerce.shipments", 5001)
        draft = {"tracking_number": "", "comments": "", **body}
        shipment = add_shipment(record, draft, number, money.now())
        transaction.put("bigcommerce.shipments", number, {"store": store["key"], "data": shipment})
        transaction.put("bigcommerce.orders", record["data"]["id"], record)
        webhooks.shipment_created(request.app, transaction, store, record["data"]["id"], number)
        webhooks.order_changed(request.app, transaction, store, record["data"]["id"], before, record["data"]["status_id"])
    return JSONResponse(shipment, 201)


def _check_shipment(record: Document, body: Document) -> None:
    for name in body:
        if name not in SHIPMENT_FIELDS:
            raise v2_error(400, f"The field '{name}' cannot be written to. Please remove it from your request.")
    if body.get("order_address_id") != record["addresses"][0]["id"]:
        raise v2_error(400, "The field 'order_address_id' is invalid.")
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise v2_error(400, "The field 'items' is required.")
    if len(str(body.get("tracking_number", ""))) > 50:
        raise v2_error(400, "The field 'tracking_number' is too long.")
    lines = {line["id"]: line for line in record["products"]}
    for item in items:
        line = lines.get(item.get("order_product_id")) if isinstance(item, dict) else None
        quantity = item.get("quantity") if isinstance(item, dict) else None
        if line is None or not isinstance(quantity, int) or quantity < 1:
            raise v2_error(400, "The field 'items' is invalid.")
        if quantity > line["quantity"] - line["quantity_shipped"]:
            raise v2_error(400, f"The quantity of order product {line['id']} is greater than what is left to ship.")


async def list_statuses(request: Request, store: Document) -> Response:
    """GET /order_statuses."""
    return JSONResponse(
        [
            {
                "id": number,
                "name": name,
                "system_label": name,
                "custom_label": name,
                "system_description": "",
            }
            for number, name in enumerate(STATUS_NAMES)
        ]
    )


def routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v2`."""
    one = "/orders/{order_id:int}"
    return [
        Route("/orders", stored("orders", list_orders), methods=["GET"]),
        Route("/orders", stored("order_create", post_order), methods=["POST"]),
        Route(one, stored("order", get_order), methods=["GET"]),
        Route(one, stored("order_update", put_order), methods=["PUT"]),
        Route(f"{one}/products", stored("order_products", list_products), methods=["GET"]),
        Route(f"{one}/shipping_addresses", stored("shipping_addresses", list_addresses), methods=["GET"]),
        Route(f"{one}/messages", stored("order_messages", list_messages), methods=["GET"]),
        Route(f"{one}/shipments", stored("shipments", list_shipments), methods=["GET"]),
        Route(f"{one}/shipments", stored("shipment", post_shipment), methods=["POST"]),
        Route(f"{one}/shipments/{{shipment_id:int}}", stored("shipments", get_shipment), methods=["GET"]),
        Route("/order_statuses", stored("orders", list_statuses), methods=["GET"]),
    ]
