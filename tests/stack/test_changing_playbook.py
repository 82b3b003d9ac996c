"""The playbook changes while the stack runs: worker and API follow it, and a bad one changes nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stack.clients import Api, unique
from tests.stack.running import Running, running_stack, until
from workers.settings import PLAYBOOK_FOLDER

WISMO = "  when: {intent: [wismo]}\n  queue: "

pytestmark = pytest.mark.stack


@pytest.fixture
def routing(tmp_path: Path) -> Path:
    """The routing rules of the stack's own playbook."""
    shutil.copytree(PLAYBOOK_FOLDER, tmp_path / "playbook")
    return tmp_path / "playbook" / "routing.yaml"


@pytest.fixture
def own_stack(routing: Path) -> Iterator[Running]:
    with running_stack(CASEWORK_PLAYBOOK=str(routing.parent)) as running:
        yield running


def test_a_change_is_followed_and_a_bad_one_refused(own_stack: Running, routing: Path) -> None:
    api, address = Api(own_stack.ports), f"http://127.0.0.1:{own_stack.ports.http}"

    def queue_of_a_new_ticket() -> str:
        return api.opened(api.say("Where is our order?", subject=unique()))["queue"]

    def refused() -> bool:
        return "casework_playbook_refused 1.0" in httpx.get(f"{address}/metrics").text

    def send_to(queue: str) -> None:
        before, rule, after = routing.read_text().partition(WISMO)
        assert rule
        routing.write_text(f"{before}{rule}{queue}\n{after.partition(chr(10))[2]}")

    born_before = api.opened(api.say("Where is our order?", subject=unique()))
    assert born_before["queue"] == "delivery"

    send_to("orders")
    until(lambda: queue_of_a_new_ticket() == "orders", "the worker goes by the new rules")
    assert not refused()
    assert api.ticket(born_before["id"])["queue"] == "delivery"

    send_to("ordres")
    until(refused, "the API says that the playbook is refused")
    assert queue_of_a_new_ticket() == "orders"
    assert httpx.get(f"{address}/readyz").status_code == 200
    for part in ("worker", "api"):
        log = own_stack.data / "logs" / f"{part}.log"
        until(lambda log=log: "where is my order.queue: there is no queue 'ordres'" in log.read_text(), f"{log} says why")

    send_to("sales")
    until(lambda: queue_of_a_new_ticket() == "sales", "the mended playbook is in use")
    until(lambda: not refused(), "the API goes by it too")
