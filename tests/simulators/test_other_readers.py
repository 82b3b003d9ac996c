"""A client that others wrote reads the stand-in as it reads the real store (PyPI `bigcommerce`, by BigCommerce itself)."""

from typing import Any

import pytest
from bigcommerce.api import BigcommerceApi
from bigcommerce.connection import OAuthConnection
from bigcommerce.exception import ClientRequestException

from tests.simulators.conftest import STORE_TOKEN, Doors, Running

pytestmark = pytest.mark.simulators


class Here(OAuthConnection):
    """Its own connection, led to the stand-in: the client knows no other scheme than https."""

    address = ""

    def full_path(self, url: str) -> str:
        return f"{self.address}/bigcommerce/stores/nwtools1/v2/{url}"


@pytest.fixture
def api(running: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Here, "address", running.url)
    monkeypatch.setattr("bigcommerce.connection.OAuthConnection", Here)
    return BigcommerceApi(client_id="casework", store_hash="nwtools1", access_token=STORE_TOKEN)


def test_orders_with_their_lines_shipments_and_addresses(api: Any) -> None:
    order = api.Orders.get(10452)
    assert (order.id, order.currency_code) == (10452, "EUR")
    assert {line.sku for line in order.products()} >= {"NW-DRL-18V"}
    waves = order.shipments()
    assert len(waves) == 3
    assert api.OrderShipments.get(10452, waves[0].id).tracking_number == waves[0].tracking_number
    assert order.shipping_addresses()[0].city


def test_a_list_page_by_page(api: Any) -> None:
    first, second = (api.Orders.all(limit=3, page=page) for page in (1, 2))
    assert len({order.id for order in [*first, *second]}) == 6
    assert len(list(api.Orders.iterall())) > 15


def test_messages_and_an_order_that_is_not_there(api: Any, doors: Doors) -> None:
    step = {"kind": "order_message", "id": 10452, "message": "Where is it?"}
    assert doors.control.post("/_sim/advance", json=step).status_code == 200
    assert api.Orders.get(10452).messages()[-1].message == "Where is it?"
    with pytest.raises(ClientRequestException):
        api.Orders.get(1)


def test_what_it_writes(api: Any) -> None:
    order = api.Orders.get(10452)
    order.update(staff_notes="Ask the driver.")
    assert api.Orders.get(10452).staff_notes == "Ask the driver."
