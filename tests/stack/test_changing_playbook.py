"""The playbook changes while the stack runs: worker and API follow it, and a bad one changes nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stack.clients import Api, unique
from tests.stack.running import Running, running_stack, until
from workers.settings import PLAYBOOK_FOLDER

pytestmark = pytest.mark.stack


@pytest.fixture
def queues(tmp_path: Path) -> Path:
    """The file with the queues of the stack's own playbook."""
    shutil.copytree(PLAYBOOK_FOLDER, tmp_path / "playbook")
    return tmp_path / "playbook" / "queues.yaml"


@pytest.fixture
def own_stack(queues: Path) -> Iterator[Running]:
    with running_stack(CASEWORK_PLAYBOOK=str(queues.parent)) as running:
        yield running


def test_a_change_is_followed_and_a_bad_one_refused(own_stack: Running, queues: Path) -> None:
    api, metrics = Api(own_stack.ports), f"http://127.0.0.1:{own_stack.ports.http}/metrics"

    def owner() -> str:
        return api.opened(api.say("Where is our order?", subject=unique()))["owner"]

    def refused() -> bool:
        return "casework_playbook_refused 1.0" in httpx.get(metrics).text

    born_before = api.opened(api.say("Where is our order?", subject=unique()))
    assert born_before["owner"] == "Emma Clarke"

    queues.write_text(queues.read_text().replace("owner: Emma Clarke", "owner: Sofia Marin"))
    until(lambda: owner() == "Sofia Marin", "the worker goes by the new rules")
    assert not refused()
    assert api.ticket(born_before["id"])["owner"] == "Emma Clarke"

    good = queues.read_text()
    queues.write_text(good.replace("owner: Sofia Marin", "owner: Sofia Merin"))
    until(refused, "the API says that the playbook is refused")
    assert owner() == "Sofia Marin"
    assert httpx.get(f"http://127.0.0.1:{own_stack.ports.http}/readyz").status_code == 200
    for part in ("worker", "api"):
        until(lambda part=part: "queues.yaml:" in (own_stack.data / "logs" / f"{part}.log").read_text(), part)

    queues.write_text(good.replace("title: Delivery", "title: Parcels"))
    until(lambda: not refused(), "the mended playbook is in use")
