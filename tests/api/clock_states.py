"""A ticket's clocks in every state a page has to show."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from domain.calendars import Calendar, Hours, SpecialHours
from domain.promises import ClockName, Promises
from domain.sla import Clock, ClockState, acknowledge, meet, pause, resume, start_clock

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def state_of_clocks() -> dict[str, Any]:
    """Kept, missed and acknowledged, paused over a closure; untouched, and somebody who is waited for."""
    now = datetime.now(UTC).replace(microsecond=0)
    closed = SpecialHours(on=(now - 5 * DAY).date(), until=(now - 4 * DAY).date(), reason="Stocktaking")
    calendar = Calendar(
        name="always awake",
        zone="Europe/Berlin",
        hours=(Hours(days=(0, 1, 2, 3, 4, 5, 6), opens=time(0), closes=time(23)),),
        exceptions=(closed,),
    ).pinned(date.today() - 20 * DAY)
    promises = Promises(calendar="office", calendars={"office": calendar}, acknowledged_for=20 * DAY)

    def start(name: ClockName, length: timedelta, ago: timedelta, **more: Any) -> Clock:
        because = "Promised at northwind-tools for tier gold, playbook 4f2c."
        return start_clock(promises, name, length, now - ago, because, calendar="office", **more)

    first, reply = start(ClockName.FIRST_RESPONSE, 2 * HOUR, 7 * DAY), start(ClockName.NEXT_RESPONSE, 4 * HOUR, 3 * DAY)
    resolution, parcel = start(ClockName.RESOLUTION, 100 * HOUR, 7 * DAY), start(ClockName.CHANNEL_RESPONSE, 30 * HOUR, HOUR)
    meet(first, now - 7 * DAY + HOUR)
    reply.state, reply.missed_at = ClockState.MISSED, now - 2 * DAY
    acknowledge(reply, promises, "Martin Krause", now - HOUR)
    pause(resolution, promises, now - 6 * DAY, "supplier")
    resume(resolution, promises, now - 5 * DAY - 6 * HOUR)
    pause(resolution, promises, now - 2 * HOUR, "supplier")
    stalled, waiting = start(ClockName.STALLED, 2 * HOUR, 3 * HOUR), start(ClockName.WAITING, 9 * HOUR, HOUR, party="supplier")
    stalled.state, stalled.missed_at = ClockState.MISSED, now - HOUR
    clocks = [first, reply, resolution, parcel, stalled, waiting]
    return {
        "clocks": [clock.model_dump(mode="json") for clock in clocks],
        "policy": {"promises": promises.model_dump(mode="json")},
        "tier": "gold",
    }
