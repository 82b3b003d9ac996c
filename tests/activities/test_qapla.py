"""Parcels at Qapla': its own samples judge what goes out and what the stand-in answers, its numbers are all placed, and it says
no on two levels."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest

from activities._kit.accounts import Accounts, QaplaAccount
from activities._kit.errors import NeedsOperator, Rejected, Transient
from activities._kit.http import open_client
from activities.carriers.qapla_tracking import PROBLEM_OF_DETAIL, STATUS_OF_ID, read
from activities.carriers.tracking import Parcel, Tracking
from domain.playbook import Playbook, Store
from domain.tracking import ParcelStatus, ProblemKind
from tests import specs
from tests.activities.conftest import Outside

NUMBER = "109142026470709"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
IDS = {0, 1, 2, 3, 4, 5, 6, 8, 10, 20, 50, 95, 99}
"""As getQaplaStatus lists them (source: statuses.md of Qapla/qapla-api-skill)."""


class Recording(httpx.AsyncBaseTransport):
    """Keeps every exchange."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport(retries=0)
        self.exchanges: list[tuple[httpx.Request, httpx.Response]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        self.exchanges.append((request, response))
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture
def store(playbook: Playbook) -> Store:
    return playbook.stores["casa-lumen"]


@pytest.fixture
def tracking(accounts: Accounts, client: httpx.AsyncClient, outside: Outside) -> Tracking:
    return Tracking(accounts, client)


def parcel(number: str = NUMBER, carrier: str = "brt-it") -> Parcel:
    return Parcel(carrier, number, date(2026, 11, 19), "10417")


async def test_a_parcel_is_told_of_once_and_then_followed(tracking: Tracking, store: Store, outside: Outside) -> None:
    first = await tracking.track(store, parcel())
    assert (first.status, len(first.events)) == (ParcelStatus.REGISTERED, 1)
    assert first.expected is not None
    outside.advance(kind="parcel", tracking_number=NUMBER)
    outside.advance(kind="parcel", tracking_number=NUMBER, to="exception")
    second = await tracking.track(store, parcel(), first)
    assert second.problem is not None
    assert second.problem.kind is ProblemKind.HELD_IN_DEPOT
    assert len(outside.calls("push")) == 1
    assert outside.held("qapla", "shipments")[0]["reference"] == "10417"


async def test_what_goes_out_and_what_the_stand_in_answers_is_as_in_the_samples(
    accounts: Accounts, store: Store, outside: Outside
) -> None:
    specs.require()
    transport = Recording()
    async with open_client(transport) as client:
        await Tracking(accounts, client).track(store, parcel())
    names = [request.url.path.rstrip("/").rpartition("/")[2] for request, _ in transport.exchanges]
    assert names == ["getShipment", "pushShipment", "getShipment"]
    pushed = json.loads(transport.exchanges[1][0].content)
    assert not list(strange(specs.qapla_sample("pushShipment.request.json"), pushed))
    for name, (_, response) in list(zip(names, transport.exchanges, strict=True))[1:]:
        assert not list(strange(specs.qapla_sample(f"{name}.response.json"), response.json()))


def strange(sample: Any, value: Any, where: str = "") -> list[str]:
    """The places where a value has a field that no element of the sample has, or one of another kind."""
    if isinstance(value, dict):
        known: dict[str, Any] = sample if isinstance(sample, dict) else {}
        missing = [f"{where}.{field}" for field in value if field not in known]
        return missing + [
            words for field in value.keys() & known for words in strange(known[field], value[field], f"{where}.{field}")
        ]
    if isinstance(value, list):
        fields: dict[str, Any] = {}
        for element in sample or []:
            fields |= element
        return [words for element in value for words in strange(fields, element, f"{where}[]")]
    alike = value is None or sample is None or type(value) is type(sample)
    return [] if alike else [f"{where}: {type(value).__name__} and not {type(sample).__name__}"]


def test_the_published_sample_is_read() -> None:
    specs.require()
    shipment = specs.qapla_sample("getShipment.response.json")["getShipment"]["shipments"][0]
    found = read("brt-it", "080010017684806", shipment, NOW)
    assert (found.status, len(found.events)) == (ParcelStatus.IN_TRANSIT, 1), "a scan without a date has no place"
    assert found.events[0].occurred_at == datetime(2019, 6, 14, 4, 15, tzinfo=UTC), "Italian summer time"


def scan(hours: int, number: int | str, detail: int = 0) -> dict[str, Any]:
    at = (NOW + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")
    return {"dateISO": at, "status": "words", "place": "MILANO", "qaplaStatus": {"id": number, "detailID": detail}}


def test_every_number_is_placed() -> None:
    assert set(STATUS_OF_ID) == IDS
    for detail, problem in PROBLEM_OF_DETAIL.items():
        found = read("brt-it", NUMBER, {"trackingHistory": [scan(0, 6, detail)]}, NOW)
        assert found.problem is not None
        assert found.problem.kind is problem
        assert (found.status is ParcelStatus.RETURNING) == (detail == 2)


def test_a_late_parcel_is_on_its_way_and_a_number_may_be_text() -> None:
    found = read("brt-it", NUMBER, {"trackingHistory": [scan(0, 3), scan(1, "8")]}, NOW)
    assert found.problem is not None
    assert (found.status, found.problem.kind) == (ParcelStatus.IN_TRANSIT, ProblemKind.DELAY)
    assert read("brt-it", NUMBER, {"trackingHistory": [scan(0, 7777)]}, NOW).status is ParcelStatus.UNKNOWN


def test_order_and_repetition_mean_nothing() -> None:
    scans = (scan(0, 2), scan(1, 20), scan(2, 6, 1), scan(3, 99))
    found = {
        read("brt-it", NUMBER, {"trackingHistory": [*mixed, mixed[0]]}, NOW).model_dump_json() for mixed in permutations(scans)
    }
    assert len(found) == 1


async def test_a_refused_parcel_and_a_refused_channel(
    tracking: Tracking, accounts: Accounts, client: httpx.AsyncClient, store: Store
) -> None:
    with pytest.raises(Rejected, match=r"Invalid trackingNumber \(BRT 4711\)"):
        await tracking.track(store, parcel("4711"))
    wrong = QaplaAccount(api=accounts.qapla["main"].api, key="not-the-key-of-the-channel")
    with pytest.raises(NeedsOperator, match="Invalid API Key"):
        await Tracking(accounts.model_copy(update={"qapla": {"main": wrong}}), client).track(store, parcel())
    with pytest.raises(NeedsOperator, match="No Qapla' account 'main'"):
        await Tracking(accounts.model_copy(update={"qapla": {}}), client).track(store, parcel())


@pytest.mark.parametrize("fault", ["rate_limit", "error_500", "lost_before", "lost_after_commit"])
async def test_qapla_down_is_asked_again(tracking: Tracking, store: Store, outside: Outside, fault: str) -> None:
    outside.arm("qapla", "push", fault)
    with pytest.raises(Transient):
        await tracking.track(store, parcel())
    assert (await tracking.track(store, parcel())).status is ParcelStatus.REGISTERED


async def test_other_carriers_stay_where_they_are(tracking: Tracking, store: Store, outside: Outside) -> None:
    await tracking.track(store, parcel("1Z1", "ups"))
    assert len(outside.calls("tracking")) == 1
    assert not outside.calls("shipment")
