"""A store that is down when a message comes: the ticket is there at once, says what is missing, and fills in later."""

import time

import pytest

from tests.stack.clients import Api, Simulators, unique
from tests.stack.running import until

AT_ONCE_SECONDS = 10
"""Longer than the look-up may take, shorter than anything that waits for the store."""

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("fault", ["error_500", "slow", "lost_before"])
def test_ticket_is_there_without_the_store(api: Api, simulators: Simulators, fault: str) -> None:
    simulators.arm("bigcommerce", "order", fault, count=1000, seconds=30)
    begin = time.monotonic()
    ticket = api.opened(api.say("Where is order 10404? It is late.", subject=unique()))
    assert time.monotonic() - begin < AT_ONCE_SECONDS
    assert ticket["status"] == "open"
    assert ticket["queue"] == "delivery"
    assert {clock["name"] for clock in ticket["clocks"]} == {"first_response", "resolution", "stalled"}
    assert ticket["context"]["orders"] == []
    assert ticket["context"]["missing"] == ["The store did not answer; order details will follow."]
    assert ticket["tier"] == "standard"
    api.applied(ticket["id"], "note", text="Decisions do not wait for the store.")

    simulators.disarm()
    filled = until(lambda: (now := api.ticket(ticket["id"])) and now["context"]["orders"] and now, "the order is filled in")
    filled = until(lambda: (now := api.ticket(ticket["id"])) and now["company"] and now, "the ticket has learned of it")
    assert [order["order_id"] for order in filled["context"]["orders"]] == ["10404"]
    assert filled["orders"] == ["10404"]
    assert filled["context"]["missing"] == []
    assert (filled["company"], filled["tier"]) == ("Brightwell Construction Ltd", "gold")
