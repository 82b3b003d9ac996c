"""Where a parcel is: the tables against the official specification, and snapshots that no order of events changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, Transient
from activities.carriers.shipstation_tracking import PROBLEM_OF_DETAIL, STATUS_OF_CODE, STATUS_OF_DETAIL, read
from activities.carriers.tracking import Parcel, Tracking
from domain.playbook import Playbook, Store
from domain.tracking import ParcelStatus, ProblemKind, TrackingSnapshot, WhoActs
from tests import specs
from tests.activities.conftest import Outside

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def event(hours: int, code: str, detail: str = "", description: str = "") -> dict[str, Any]:
    at = (NOW + timedelta(hours=hours)).isoformat()
    return {"occurred_at": at, "status_code": code, "status_detail_code": detail, "description": description}


def snapshot(*events: dict[str, Any], **more: Any) -> TrackingSnapshot:
    return read("ups", "1Z1", {"events": list(events), **more}, NOW)


def test_every_code_of_the_specification_is_placed() -> None:
    specs.require()
    schemas = specs.specifications("shipstation")[0].document["components"]["schemas"]
    assert set(schemas["status_code"]["enum"]) == set(STATUS_OF_CODE)
    assert set(schemas["status_detail_code"]["enum"]) == set(STATUS_OF_DETAIL)
    assert set(PROBLEM_OF_DETAIL) <= set(STATUS_OF_DETAIL)


def test_a_detail_wins_over_its_code() -> None:
    assert snapshot(event(0, "IT", "OUT_FOR_DELIVERY")).status is ParcelStatus.OUT_FOR_DELIVERY
    assert snapshot(event(0, "EX", "RETURN_TO_SENDER")).status is ParcelStatus.RETURNING
    assert snapshot(event(0, "IT", "CARRIER_STATUS_NOT_MAPPED")).status is ParcelStatus.IN_TRANSIT
    assert snapshot(event(0, "IT", "A_NEW_CODE")).status is ParcelStatus.IN_TRANSIT


def test_delivered_gives_way_only_to_the_way_back() -> None:
    delivered = event(2, "DE", "DELIVERED")
    late = snapshot(event(1, "IT"), delivered, event(3, "IT", "HUB_SCAN_IN"))
    assert (late.status, late.delivered_at) == (ParcelStatus.DELIVERED, NOW + timedelta(hours=2))
    back = snapshot(delivered, event(3, "EX", "RETURN_TO_SENDER"))
    assert (back.status, back.delivered_at) == (ParcelStatus.RETURNING, None)


def test_order_and_repetition_mean_nothing() -> None:
    events = (event(0, "NY"), event(1, "AC", "PICKED_UP"), event(2, "IT"), event(2, "IT", "OUT_FOR_DELIVERY"))
    found = {snapshot(*mixed, mixed[0]).model_dump_json() for mixed in permutations(events)}
    assert len(found) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 48), st.sampled_from(sorted(STATUS_OF_CODE)), st.sampled_from(["", *STATUS_OF_DETAIL])),
        max_size=8,
    ),
    st.randoms(),
)
def test_any_shuffled_parcel_is_the_same_parcel(scans: list[tuple[int, str, str]], chance: Any) -> None:
    events = [event(*scan) for scan in scans]
    shuffled = [*events, *events[:2]]
    chance.shuffle(shuffled)
    assert snapshot(*shuffled) == snapshot(*events)


def problem(*events: dict[str, Any]) -> ProblemKind | None:
    found = snapshot(*events).problem
    return found and found.kind


def test_problems_have_names() -> None:
    assert problem(event(0, "EX", "PARCEL_LOST")) is ProblemKind.LOST
    assert problem(event(0, "EX")) is ProblemKind.OTHER
    assert problem(event(0, "DE", "DELIVERED_IN_PART")) is ProblemKind.PART_DELIVERED
    assert problem(event(0, "IT")) is None


def test_a_problem_lasts_from_the_first_scan_that_speaks_of_it_to_the_next_that_does_not() -> None:
    held = (event(0, "IT"), event(1, "EX", "HELD_BY_CUSTOMS"), event(2, "EX", "HELD_BY_CUSTOMS"))
    found = snapshot(*held).problem
    assert found is not None
    assert (found.since, found.who_acts) == (NOW + timedelta(hours=1), WhoActs.MERCHANT)
    assert snapshot(*held, event(3, "IT", "CUSTOMS_CLEARED")).problem is None


def test_without_events_the_answer_itself_counts() -> None:
    assert snapshot(status_code="NY").status is ParcelStatus.REGISTERED
    assert snapshot().status is ParcelStatus.UNKNOWN


@pytest.fixture
def tracking(accounts: Accounts, client: httpx.AsyncClient, outside: Outside) -> Tracking:
    return Tracking(accounts, client)


@pytest.fixture
def store(playbook: Playbook) -> Store:
    return playbook.stores["northwind-tools"]


def parcel(carrier: str = "ups", number: str = "1Z-NEVER-SEEN") -> Parcel:
    return Parcel(carrier, number, date(2026, 11, 18), "10452")


async def test_a_parcel_is_followed(tracking: Tracking, store: Store, outside: Outside) -> None:
    parcels = [kept for kept in outside.held("shipstation", "trackings") if kept["status_code"] == "DE"]
    found = await tracking.track(store, parcel(parcels[0]["carrier_code"], parcels[0]["tracking_number"]))
    assert (found.status, len(found.events)) == (ParcelStatus.DELIVERED, len(parcels[0]["events"]))
    assert found.delivered_at is not None
    assert found.expected is not None
    assert found.window is None, "it has come"


async def test_a_parcel_is_followed_by_hooks_from_the_first_look_until_it_has_come(
    tracking: Tracking, store: Store, outside: Outside
) -> None:
    parcels = {kept["status_code"] == "DE": kept for kept in outside.held("shipstation", "trackings")}
    for come, kept in parcels.items():
        first = await tracking.track(store, parcel(kept["carrier_code"], kept["tracking_number"]))
        await tracking.track(store, parcel(kept["carrier_code"], kept["tracking_number"]), first)
        assert (first.status is ParcelStatus.DELIVERED) == come
    assert len(outside.calls("follow")) == 1


async def test_a_number_that_is_not_known_yet(tracking: Tracking, store: Store) -> None:
    found = await tracking.track(store, parcel())
    assert (found.status, found.events) == (ParcelStatus.UNKNOWN, ())


async def test_a_carrier_that_is_down_and_an_account_that_is_not_there(
    tracking: Tracking, store: Store, outside: Outside
) -> None:
    outside.arm("shipstation", "tracking", "lost_before")
    with pytest.raises(Transient):
        await tracking.track(store, parcel())
    with pytest.raises(NeedsOperator):
        await tracking.track(store.model_copy(update={"carrier_account": "other"}), parcel())
