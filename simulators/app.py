"""One ASGI application that stands in for the store, carrier, ledger, messaging channels, telephone systems and mailbox."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from simulators import control, mailbox, shop, webhooks
from simulators.bigcommerce import b2b, customers, hooks, inventory, metafields, orders, refunds, store_information
from simulators.bigcommerce.access import Quota
from simulators.calls import ringcentral, threecx
from simulators.channels import ebay, tiktok, twilio, whatsapp, writing
from simulators.connection import Calls, Connections
from simulators.faults import Faults
from simulators.load import DEMO_WORLD, empty_world, read_world, replace_world
from simulators.qapla import shipments as qapla_shipments
from simulators.shipstation import hooks as shipstation_hooks
from simulators.shipstation import labels, pickups, signing, tracking
from simulators.state import State
from simulators.world import World
from simulators.xero import credit_notes, identity, sales, settling

log = logging.getLogger("simulators")

STATE_FILE = "simulators.sqlite"


def _routes() -> list:
    return [
        *control.routes(),
        *mailbox.routes(),
        *shop.routes(),
        *writing.routes(),
        Mount(
            "/bigcommerce/stores/{store_hash}/v2",
            routes=[*orders.routes(), *customers.v2_routes(), *store_information.v2_routes()],
        ),
        Mount(
            "/bigcommerce/stores/{store_hash}/v3",
            routes=[
                *refunds.routes(),
                *metafields.routes(),
                *customers.v3_routes(),
                *hooks.routes(),
                *inventory.routes(),
                *store_information.v3_routes(),
            ],
        ),
        Mount("/bigcommerce/b2b/api/v3/io", routes=b2b.routes()),
        Mount("/ringcentral", routes=ringcentral.routes()),
        Mount("/threecx", routes=threecx.routes()),
        Mount(
            "/shipstation",
            routes=[
                *tracking.routes(),
                *labels.routes(),
                *pickups.routes(),
                *shipstation_hooks.routes(),
                *signing.routes(),
            ],
        ),
        Mount("/qapla", routes=qapla_shipments.routes()),
        Mount("/twilio", routes=twilio.routes()),
        Mount("/whatsapp", routes=whatsapp.routes()),
        Mount("/ebay", routes=ebay.routes()),
        Mount("/tiktok", routes=tiktok.routes()),
        Mount("/xero/api.xro/2.0", routes=[*settling.routes(), *credit_notes.routes(), *sales.routes()]),
        Mount("/xero", routes=identity.routes()),
    ]


def create_app(
    data: Path | None = None,
    *,
    world: World | Path | None = None,
    empty: bool = False,
    smtp_host: str = "127.0.0.1",
    smtp_port: int | None = None,
    webhook_url: str | None = None,
) -> ASGIApp:
    """The application.

    `data` is the folder of the state, None keeps it in memory. A folder that holds a state goes on with it; else the
    world is `world` (a document or its file), an empty store with `empty`, or the demo world. `smtp_port` opens the
    mail door; `webhook_url` is the address below which Casework takes webhooks (`/webhooks/{provider}/{account}`) and has
    the chat widget that the shop pages carry.
    """
    state = State(data / STATE_FILE if data else None)
    if state.is_empty():
        start = empty_world() if empty else world or DEMO_WORLD
        replace_world(state, read_world(start) if isinstance(start, Path) else start)
    faults, calls = Faults(), Calls()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        door = None
        if smtp_port is not None:
            door = await mailbox.open_door(mailbox.Sink(state, faults, calls), smtp_host, smtp_port)
        yield
        if door is not None:
            door.close()
        courier: webhooks.Courier = app.state.courier
        await courier.close()
        state.close()

    app = Starlette(routes=_routes(), lifespan=lifespan)
    app.state.state, app.state.faults, app.state.calls = state, faults, calls
    app.state.quota, app.state.busy_orders = Quota(), set()
    app.state.courier, app.state.casework_url = webhooks.Courier(state, webhook_url), webhook_url
    return Connections(app, calls)
