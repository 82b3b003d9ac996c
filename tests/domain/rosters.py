"""A small team to put on a roster: one queue, its members, and a named owner from outside."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from domain.calendars import Calendar, Hours
from domain.people import Role
from domain.playbook import Person, Playbook, Team
from playbook.loader import DEFAULT_FOLDER, load

BASE = load(DEFAULT_FOLDER)
WORKDAYS = (0, 1, 2, 3, 4)
QUEUE = "repairs"


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def calendar(*hours: tuple[int, int], zone: str = "Europe/Berlin", days: tuple[int, ...] = WORKDAYS) -> Calendar:
    """Whole hours, from and to, on each of these days."""
    return Calendar(
        name="shift",
        zone=zone,
        hours=tuple(Hours(days=days, opens=time(opens), closes=time(closes)) for opens, closes in hours),
    )


def playbook_of(members: dict[str, Calendar | None], owner: str = "Olga", owner_shifts: Calendar | None = None) -> Playbook:
    """The demo's playbook with other people and one queue: these members, and an owner who may be one of them."""
    shifts = {**({} if owner in members else {owner: owner_shifts}), **members}
    people = [
        Person(name=name, email=f"{name.lower()}@example.com", role=Role.AGENT, shifts=f"{name}-shifts" if entry else None)
        for name, entry in shifts.items()
    ]
    queue = BASE.queues["returns"].model_copy(update={"title": "Repairs", "team": "repairs", "owner": owner})
    return BASE.model_copy(
        update={
            "calendars": {f"{name}-shifts": entry for name, entry in shifts.items() if entry is not None},
            "people": tuple(people),
            "teams": {"repairs": Team(title="Repairs", members=tuple(members), lead=owner, manager=owner)},
            "queues": {QUEUE: queue},
        }
    )
