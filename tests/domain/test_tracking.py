"""What a carrier expects, how long a parcel may say nothing, and several parcels as one."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.calendars import Calendar
from domain.tracking import ParcelEvent, ParcelStatus, ProblemKind, TrackingSnapshot, is_silent, roll_up, snapshot_of

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
HOUR = timedelta(hours=1)


def event(hours: float, status: ParcelStatus, problem: ProblemKind | None = None) -> ParcelEvent:
    at = NOW + hours * HOUR
    return ParcelEvent(
        key=f"{hours}{status}",
        occurred_at=at,
        local_time="",
        status=status,
        problem=problem,
        code="",
        detail="",
        text="",
        place="",
    )


def parcel(
    *events: ParcelEvent, expected: datetime | None = None, at: datetime = NOW, before: TrackingSnapshot | None = None
) -> TrackingSnapshot:
    return snapshot_of("ups", "1Z1", events, ParcelStatus.UNKNOWN, expected, at, before)


MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_date_alone_is_that_day_and_a_time_is_kept() -> None:
    day = parcel(event(0, ParcelStatus.IN_TRANSIT), expected=MIDNIGHT).window
    assert day is not None
    assert (day.first, day.last, day.at) == (date(2026, 11, 23), date(2026, 11, 23), None)
    timed = parcel(event(0, ParcelStatus.IN_TRANSIT), expected=MIDNIGHT + 15 * HOUR).window
    assert timed is not None
    assert timed.at == MIDNIGHT + 15 * HOUR


def test_an_expectation_is_not_shown_once_something_went_wrong_until_the_carrier_gives_another() -> None:
    fine = parcel(event(0, ParcelStatus.IN_TRANSIT), expected=MIDNIGHT)
    held = event(1, ParcelStatus.EXCEPTION, ProblemKind.CUSTOMS)
    wrong = parcel(held, expected=MIDNIGHT, at=NOW + 2 * HOUR, before=fine)
    assert wrong.window is None
    still = parcel(held, expected=MIDNIGHT, at=NOW + 30 * HOUR, before=wrong)
    assert still.window is None, "the same day said again is no new expectation"
    new = parcel(held, expected=MIDNIGHT + 24 * HOUR, at=NOW + 31 * HOUR, before=still)
    assert new.window is not None
    assert new.window.first == date(2026, 11, 24)


def test_what_has_come_is_expected_no_more() -> None:
    assert parcel(event(0, ParcelStatus.DELIVERED), expected=MIDNIGHT).window is None


def test_events_that_left_the_answer_are_kept() -> None:
    before = parcel(event(0, ParcelStatus.REGISTERED))
    assert len(parcel(event(1, ParcelStatus.IN_TRANSIT), before=before).events) == 2


WEEKDAYS = Calendar.model_validate(
    {"name": "weekdays", "zone": "UTC", "hours": [{"days": [0, 1, 2, 3, 4], "opens": "08:00", "closes": "18:00"}]}
).pinned(NOW.date())


@pytest.mark.parametrize(
    ("status", "hours_later", "silent"),
    [
        (ParcelStatus.IN_TRANSIT, 72, False),  # Friday 09:00 to Monday 09:00: ten open hours
        (ParcelStatus.IN_TRANSIT, 7 * 24, True),
        (ParcelStatus.DELIVERED, 7 * 24, False),
        (ParcelStatus.AVAILABLE_FOR_PICKUP, 7 * 24, False),
    ],
)
def test_silence_is_counted_in_open_time(status: ParcelStatus, hours_later: int, silent: bool) -> None:
    assert is_silent(parcel(event(0, status)), WEEKDAYS, 20 * HOUR, NOW + hours_later * HOUR) is silent


def test_a_parcel_that_was_never_scanned_is_not_silent() -> None:
    assert not is_silent(parcel(), WEEKDAYS, HOUR, NOW + timedelta(days=30))


def test_several_parcels_are_as_far_as_the_last_of_them() -> None:
    delivered, under_way = parcel(event(0, ParcelStatus.DELIVERED)), parcel(event(0, ParcelStatus.IN_TRANSIT))
    lost = parcel(event(-5, ParcelStatus.EXCEPTION, ProblemKind.LOST))
    together = roll_up([delivered, under_way, lost])
    assert (together.status, together.part_delivered) == (ParcelStatus.IN_TRANSIT, True)
    assert together.problem is not None
    assert together.problem.kind is ProblemKind.LOST
    assert not roll_up([delivered, delivered]).part_delivered
    with pytest.raises(ValueError, match="no parcel"):
        roll_up([])
