"""Stock at the one location of a store (specification: inventory.v3.yml)."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.bigcommerce.access import json_object, listed, of_store, state_of, stored, v3_error, v3_list
from simulators.state import Document

LOCATION = 1
_FIELDS = {"location_id", "sku", "product_id", "variant_id", "quantity"}


def _item(product: Document) -> Document:
    on_hand = product["inventory_level"]
    location = {"location_id": LOCATION, "location_code": "BC-LOCATION-1", "location_name": "Default location"}
    settings = {"safety_stock": 0, "is_in_stock": on_hand > 0, "warning_level": 0, "bin_picking_number": ""}
    stock = {"location_enabled": True, "available_to_sell": on_hand, "total_inventory_onhand": on_hand, "settings": settings}
    identity = {"sku": product["sku"], "product_id": product["id"], "variant_id": product["base_variant_id"]}
    return {"identity": identity, "locations": [location | stock]}


async def list_items(request: Request, store: Document) -> Response:
    """GET /v3/inventory/items."""
    found = of_store(request, "products", store)
    for name, field in (("sku:in", "sku"), ("product_id:in", "id"), ("variant_id:in", "base_variant_id")):
        wanted = listed(request, name)
        if wanted is not None:
            found = [product for product in found if str(product[field]) in wanted]
    return v3_list(request, [_item(product) for product in found])


async def adjust(request: Request, store: Document) -> Response:
    """POST /v3/inventory/adjustments/relative: all items or none. The same call again adjusts again."""
    body = await json_object(request, v3_error)
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise v3_error(422, "items must not be empty", {"items": "required"})
    products = {product["sku"]: product for product in of_store(request, "products", store)}
    with state_of(request).transaction() as transaction:
        for item in items:
            product = _adjusted(item, products)
            products[product["sku"]] = product
            transaction.put("bigcommerce.products", product["id"], {"store": store["key"], "data": product})
    return JSONResponse({"transaction_id": str(uuid4())})


def _adjusted(item: object, products: dict[str, Document]) -> Document:
    if not isinstance(item, dict) or set(item) - _FIELDS or item.get("location_id") != LOCATION:
        raise v3_error(422, "Item is invalid, or there is no such location")
    quantity = item.get("quantity")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not quantity:
        raise v3_error(422, "quantity must be a whole number other than 0")
    product = products.get(str(item.get("sku")))
    if product is None:
        raise v3_error(422, f"Items with identity: [sku {item.get('sku')}] were not found")
    if product["inventory_tracking"] == "none":
        raise v3_error(422, f"Item with sku {product['sku']} is not tracked")
    return product | {"inventory_level": product["inventory_level"] + quantity}


def routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v3`."""
    return [
        Route("/inventory/items", stored("inventory", list_items), methods=["GET"]),
        Route("/inventory/adjustments/relative", stored("inventory_adjustment", adjust), methods=["POST"]),
    ]
