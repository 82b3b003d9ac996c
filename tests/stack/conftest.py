"""One whole stack with the demo world for the session, and what tests speak to it with."""

import functools
from collections.abc import Generator, Iterator

import pytest

from tests.stack.clients import Api, MailDoor, Simulators
from tests.stack.running import Running, running_stack, until

DEMO_TICKETS = 18


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its stack last said."""
    report = yield
    if report.failed:
        for value in item.funcargs.values():
            if isinstance(value, Running) and value.folder.exists():
                report.sections.append(("the stack", value.tails()))
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Running]:
    """The stack of the session, its demo mails read and triaged. At the end it must stop well and leave nothing."""
    with running_stack() as running:
        api = Api(running.ports)
        until(functools.partial(_demo_is_settled, api), "the demo mails are tickets", 90)
        api.close()
        yield running


@pytest.fixture
def api(stack: Running) -> Iterator[Api]:
    """The API as the admin."""
    client = Api(stack.ports)
    yield client
    client.close()


@pytest.fixture
def simulators(stack: Running) -> Iterator[Simulators]:
    """The simulators; whatever a test arms is disarmed after it."""
    client = Simulators(stack.ports)
    yield client
    client.disarm()
    client.close()


@pytest.fixture
def door(stack: Running) -> MailDoor:
    return MailDoor(stack.ports)


def _demo_is_settled(api: Api) -> bool:
    items = api.listed()
    return len(items) >= DEMO_TICKETS and all(item["revision"] for item in items)
