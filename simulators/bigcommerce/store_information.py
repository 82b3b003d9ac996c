"""What a store says of itself (specifications: store_information.v2.yml, channels.v3.yml)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.bigcommerce.access import stored, v3_list
from simulators.state import Document

_STOREFRONT = {
    "id": 1,
    "external_id": "",
    "is_listable_from_ui": True,
    "is_enabled": True,
    "is_visible": True,
    "status": "active",
    "name": "Default Storefront",
    "type": "storefront",
    "platform": "bigcommerce",
    "date_created": "2025-01-01T00:00:00Z",
    "date_modified": "2025-01-01T00:00:00Z",
    "icon_url": "https://store.example/icon.svg",
}


async def get_store(request: Request, store: Document) -> Response:
    """GET /store."""
    address = store.get("warehouse") or {}
    return JSONResponse(
        {
            "id": store["hash"],
            "domain": f"{store['key']}.example",
            "secure_url": f"https://{store['key']}.example",
            "status": "live",
            "name": store["name"],
            "country": address.get("country", ""),
            "country_code": address.get("country_code", ""),
            "order_email": store["support_address"],
            "language": "en",
            "currency": store["currency"],
            "decimal_places": 2,
            "weight_units": "KGS",
            "plan_name": "Enterprise",
            "plan_level": "Enterprise",
            "plan_is_trial": False,
            "is_price_entered_with_tax": False,
            "default_channel_id": _STOREFRONT["id"],
        }
    )


async def list_channels(request: Request, store: Document) -> Response:
    """GET /channels: the one storefront of a store."""
    return v3_list(request, [_STOREFRONT])


def v2_routes() -> list[Route]:
    """The routes of V2."""
    return [Route("/store", stored("store", get_store), methods=["GET"])]


def v3_routes() -> list[Route]:
    """The routes of V3."""
    return [Route("/channels", stored("channels", list_channels), methods=["GET"])]
