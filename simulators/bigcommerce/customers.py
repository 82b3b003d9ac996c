"""Customers, customer groups and catalogue of a BigCommerce store."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.bigcommerce.access import changed_since, listed, of_store, stored, v2_error, v2_list, v3_error, v3_list
from simulators.state import Document


async def list_customers(request: Request, store: Document) -> Response:
    """GET /v3/customers; store credit is told only with include=storecredit."""
    found = of_store(request, "customers", store)
    filters = {
        "id:in": lambda customer: str(customer["id"]),
        "email:in": lambda customer: customer["email"].lower(),
        "company:in": lambda customer: customer["company"].lower(),
        "customer_group_id:in": lambda customer: str(customer["customer_group_id"]),
        "name:in": lambda customer: f"{customer['first_name']} {customer['last_name']}".lower(),
    }
    for name, read in filters.items():
        wanted = listed(request, name)
        if wanted is not None:
            lowered = {value.lower() for value in wanted}
            found = [customer for customer in found if read(customer) in lowered]
    if since := request.query_params.get("date_modified:min"):
        found = [customer for customer in found if changed_since(customer["date_modified"], since, v3_error)]
    if "storecredit" not in (listed(request, "include") or []):
        found = [{k: v for k, v in customer.items() if k != "store_credit_amounts"} for customer in found]
    return v3_list(request, found)


async def list_groups(request: Request, store: Document) -> Response:
    """GET /v2/customer_groups."""
    return v2_list(request, of_store(request, "customer_groups", store))


async def get_group(request: Request, store: Document) -> Response:
    """GET /v2/customer_groups/{id}."""
    for group in of_store(request, "customer_groups", store):
        if group["id"] == request.path_params["group_id"]:
            return JSONResponse(group)
    raise v2_error(404, "The requested resource was not found.")


async def list_products(request: Request, store: Document) -> Response:
    """GET /v3/catalog/products."""
    found = of_store(request, "products", store)
    wanted = listed(request, "id:in")
    if wanted is not None:
        found = [product for product in found if str(product["id"]) in wanted]
    skus = listed(request, "sku:in")
    if skus is not None:
        found = [product for product in found if product["sku"] in skus]
    query = request.query_params
    for name in ("sku", "name"):
        if name in query:
            found = [product for product in found if product[name].lower() == query[name].lower()]
    if keyword := query.get("keyword", "").lower():
        found = [p for p in found if keyword in p["name"].lower() or keyword in p["sku"].lower()]
    return v3_list(request, found)


async def get_product(request: Request, store: Document) -> Response:
    """GET /v3/catalog/products/{id}."""
    for product in of_store(request, "products", store):
        if product["id"] == request.path_params["product_id"]:
            return JSONResponse({"data": product, "meta": {}})
    raise v3_error(404, "The product was not found.")


def _variant(product: Document) -> Document:
    return {
        "id": product["base_variant_id"],
        "product_id": product["id"],
        "sku": product["sku"],
        "price": product["price"],
        "calculated_price": product["calculated_price"],
        "weight": product["weight"],
        "inventory_level": product["inventory_level"],
        "option_values": [],
    }


async def list_variants(request: Request, store: Document) -> Response:
    """GET /v3/catalog/variants and /v3/catalog/products/{id}/variants."""
    found = [_variant(product) for product in of_store(request, "products", store)]
    if "product_id" in request.path_params:
        found = [variant for variant in found if variant["product_id"] == request.path_params["product_id"]]
    query = request.query_params
    if "sku" in query:
        found = [variant for variant in found if variant["sku"] == query["sku"]]
    for name, field in (("id:in", "id"), ("sku:in", "sku"), ("product_id:in", "product_id")):
        wanted = listed(request, name)
        if wanted is not None:
            found = [variant for variant in found if str(variant[field]) in wanted]
    return v3_list(request, found)


def v2_routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v2`."""
    return [
        Route("/customer_groups", stored("customer_groups", list_groups), methods=["GET"]),
        Route("/customer_groups/{group_id:int}", stored("customer_groups", get_group), methods=["GET"]),
    ]


def v3_routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v3`."""
    one = "/catalog/products/{product_id:int}"
    return [
        Route("/customers", stored("customers", list_customers), methods=["GET"]),
        Route("/catalog/products", stored("products", list_products), methods=["GET"]),
        Route(one, stored("products", get_product), methods=["GET"]),
        Route(f"{one}/variants", stored("variants", list_variants), methods=["GET"]),
        Route("/catalog/variants", stored("variants", list_variants), methods=["GET"]),
    ]
