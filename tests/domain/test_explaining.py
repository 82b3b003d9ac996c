"""A derivation names the days on which the hours were not those of the week."""

from datetime import UTC, date, datetime, time, timedelta

from domain.calendars import Calendar, Hours, Interval, PublicHolidays, SpecialHours
from domain.explaining import explain
from domain.promises import ClockName, Promises
from domain.sla import pause, start_clock

HOUR = timedelta(hours=1)
EVE = SpecialHours(on=date(2026, 12, 24), hours=(Interval(opens=time(8), closes=time(12)),), reason="Christmas Eve")
STOCK = SpecialHours(on=date(2026, 12, 28), until=date(2026, 12, 30), reason="Stocktaking")
SATURDAY = SpecialHours(on=date(2027, 1, 2), hours=(Interval(opens=time(9), closes=time(10)),), reason="Catching up")
OFFICE = Calendar(
    name="office",
    zone="Europe/Berlin",
    hours=(Hours(days=(0, 1, 2, 3, 4), opens=time(8), closes=time(18)),),
    exceptions=(EVE, STOCK, SATURDAY),
    holidays=PublicHolidays(country="DE"),
).pinned(date(2026, 12, 1))
PROMISES = Promises(calendar="office", calendars={"office": OFFICE})


def explained(start: datetime, length: timedelta) -> list[str]:
    clock = start_clock(PROMISES, ClockName.RESOLUTION, length, start, "Tier gold.", calendar="office")
    return explain(clock, PROMISES)


def test_closures_and_other_hours_stand_between_the_hours_that_counted() -> None:
    assert explained(datetime(2026, 12, 24, 10, tzinfo=UTC), 12 * HOUR)[3:] == [
        "Thu 2026-12-24 open 08:00 to 12:00, unlike other weeks: Christmas Eve.",
        "Thu 2026-12-24 11:00–12:00: 1 h, 1 h in all.",
        "Fri 2026-12-25 closed: Christmas Day.",
        "Mon 2026-12-28 to Wed 2026-12-30 closed: Stocktaking.",
        "Thu 2026-12-31 08:00–18:00: 10 h, 11 h in all.",
        "Fri 2027-01-01 closed: New Year's Day.",
        "Sat 2027-01-02 open 09:00 to 10:00, unlike other weeks: Catching up.",
        "Sat 2027-01-02 09:00–10:00: 1 h, 12 h in all.",
        "Due Sat 2027-01-02 10:00 CET.",
    ]


def test_a_closure_outside_what_ran_is_not_named() -> None:
    assert not any("closed" in line for line in explained(datetime(2026, 12, 22, 8, tzinfo=UTC), 12 * HOUR))
    after_hours = explained(datetime(2026, 12, 25, 18, 30, tzinfo=UTC), HOUR)
    assert not any("Christmas" in line for line in after_hours), "it would have been closed by then on any Friday"


def test_a_closure_within_a_pause_is_not_named() -> None:
    clock = start_clock(
        PROMISES, ClockName.RESOLUTION, 9 * HOUR, datetime(2026, 12, 23, 8, tzinfo=UTC), "Tier gold.", calendar="office"
    )
    pause(clock, PROMISES, datetime(2026, 12, 23, 9, tzinfo=UTC), "the supplier")
    assert not any("closed" in line for line in explain(clock, PROMISES))


def test_elapsed_time_knows_no_closure() -> None:
    clock = start_clock(PROMISES, ClockName.SNOOZE, 100 * HOUR, datetime(2026, 12, 23, 8, tzinfo=UTC), "Snoozed.")
    assert not any("closed" in line for line in explain(clock, PROMISES))
