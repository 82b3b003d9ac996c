"""Pages of the merchants' shops as a buyer sees them: the shop, a landing page, an order's tracking page; each with the chat.

They are strict about what they load (Content-Security-Policy), as a careful shop is: the widget has to live with that.
"""

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulators.state import Document, State

_COLOURS = {"northwind-tools": "#b5471b", "casa-lumen": "#3d5a45"}
_LANGUAGES = {"northwind-tools": "en", "casa-lumen": "it"}
_SHELF = 12

_STYLE = """
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fafaf8; }
header { display: flex; gap: 24px; align-items: baseline; padding: 18px 32px; background: #fff; }
header b { font-size: 20px; } a { color: inherit; } main { max-width: 960px; margin: 0 auto; padding: 32px; }
h1 { font-size: 30px; } table { border-collapse: collapse; width: 100%; background: #fff; }
td, th { text-align: left; padding: 10px 14px; border-bottom: 1px solid #eee; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 16px; padding: 0; list-style: none; }
li { background: #fff; border: 1px solid #e5e5e0; border-radius: 8px; padding: 16px; } li span { color: #666; }
"""


async def shop(request: Request) -> Response:
    """GET /shop/{store}: what is on the shelf."""
    products = [found["data"] for found in _state(request).all("bigcommerce.products") if found["store"] == _key(request)]
    shelf = "".join(
        f"<li><b>{escape(product['name'])}</b><br><span>{escape(product['sku'])}</span></li>" for product in products[:_SHELF]
    )
    return _page(request, "Everything for the job", f"<ul>{shelf}</ul>")


async def landing(request: Request) -> Response:
    """GET /shop/{store}/landing: what an advertisement leads to."""
    return _page(request, "Your prices, your terms", "<p>Tell us what your company needs, and we make you a quote.</p>")


async def tracking(request: Request) -> Response:
    """GET /shop/{store}/orders/{order}: where an order is."""
    order = request.path_params["order"]
    record = _state(request).get("bigcommerce.orders", order)
    if record is None or record["store"] != _key(request):
        return PlainTextResponse("There is no such order in this shop.", 404)
    shipments = _state(request).all("bigcommerce.shipments")
    parcels = [found["data"] for found in shipments if found["data"]["order_id"] == order]
    lines = "".join(_line(line) for line in record["products"])
    numbers = ", ".join(escape(parcel["tracking_number"]) for parcel in parcels) or "none yet"
    table = f"<table><tr><th>Item</th><th>Ordered</th><th>Shipped</th></tr>{lines}</table>"
    about = f"<p>{escape(record['data']['status'])}. Parcels: {numbers}</p>"
    return _page(request, f"Order {order}", about + table, order)


async def style(request: Request) -> Response:
    return Response(_STYLE, media_type="text/css")


def routes() -> list[Route]:
    """The shops' pages."""
    return [
        Route("/shop/style.css", style),
        Route("/shop/{store}", shop),
        Route("/shop/{store}/landing", landing),
        Route("/shop/{store}/orders/{order:int}", tracking),
    ]


def _line(line: Document) -> str:
    return f"<tr><td>{escape(line['name'])}</td><td>{line['quantity']}</td><td>{line['quantity_shipped']}</td></tr>"


def _page(request: Request, heading: str, content: str, order: int | None = None) -> Response:
    key, casework = _key(request), request.app.state.casework_url
    store: Any = next((found for found in _state(request).all("stores") if found["key"] == key), None)
    if store is None:
        return PlainTextResponse("There is no such shop.", 404)
    name = escape(store["name"])
    about = f' data-order="{order}"' if order else ""
    language = request.query_params.get("language") or _LANGUAGES.get(key, "en")
    widget = (
        f'<script src="{casework}/chat/widget.js" data-store="{escape(key)}"{about} data-language="{escape(language)}"'
        f' data-color="{_COLOURS.get(key, "")}" async></script>'
        if casework
        else "<p>No chat: the simulators were started without --webhook-url.</p>"
    )
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)} – {name}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/shop/style.css">'
        f'<link rel="icon" href="data:,"></head><body><header><b>{name}</b><a href="/shop/{key}">Shop</a>'
        f'<a href="/shop/{key}/landing">For companies</a></header><main><h1>{escape(heading)}</h1>{content}</main>{widget}'
        "</body></html>"
    )
    own = casework or ""
    policy = f"default-src 'none'; style-src 'self'; img-src data:; script-src {own}; connect-src {own}; base-uri 'none'"
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


def _key(request: Request) -> str:
    return request.path_params["store"]


def _state(request: Request) -> State:
    return request.app.state.state
