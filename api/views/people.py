"""People and teams as the JSON API shows them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.views.parts import EXAMPLE_ID, EXAMPLE_TIME, View
from domain.playbook import Playbook
from domain.roster import Absence, Roster, duty_ends, next_duty, on_duty, zone_of
from storage.roster import StoredChange


class ChangeView(View):
    """An absence or an extra shift."""

    id: UUID = Field(examples=[EXAMPLE_ID])
    starts: datetime = Field(examples=[EXAMPLE_TIME])
    ends: datetime = Field(description="no longer part of it", examples=["2026-03-06T16:00:00Z"])
    why: str = Field(examples=["Holiday"])
    author: str = Field(description="who entered it", examples=["Jonas Weber"])


class PersonView(View):
    """A person of the playbook, now."""

    name: str = Field(examples=["Jonas Weber"])
    role: str = Field(examples=["agent"])
    teams: list[str] = Field(description="the teams whose work they own", examples=[["hamburg"]])
    zone: str = Field(description="time zone of their shifts", examples=["Europe/Berlin"])
    on_duty: bool
    duty_ends: datetime | None = Field(description="when this duty ends; null if never, and off duty", examples=[EXAMPLE_TIME])
    next_duty: datetime | None = Field(description="when they come on duty; null while they are", examples=[EXAMPLE_TIME])
    present: bool = Field(description="whether they used the inbox or the API within the last five minutes")
    open_tickets: int = Field(description="tickets of theirs that are open or wait", examples=[7])
    absences: list[ChangeView] = Field(description="running and to come")
    extra_shifts: list[ChangeView] = Field(description="running and to come")


class PersonList(View):
    items: list[PersonView]
    next_cursor: None = Field(default=None, description="always null: the list is whole")


class TeamView(View):
    """People who share the work of some queues."""

    key: str = Field(examples=["hamburg"])
    title: str = Field(examples=["Hamburg"])
    members: list[str] = Field(examples=[["Jonas Weber", "Emma Clarke"]])
    lead: str = Field(examples=["Martin Krause"])
    manager: str = Field(examples=["Ruth Adler"])
    queues: list[str] = Field(examples=[["delivery", "returns"]])


class TeamList(View):
    items: list[TeamView]
    next_cursor: None = Field(default=None, description="always null: the list is whole")


def person_views(
    roster: Roster, stored: Sequence[StoredChange], present: Collection[str], open_tickets: Mapping[str, int], at: datetime
) -> list[PersonView]:
    """Everybody of the playbook, in its order. `stored` is what `roster` was made of."""
    playbook = roster.playbook
    views = []
    for person in playbook.people:
        theirs = [entry for entry in stored if entry.change.person == person.name]
        works = on_duty(roster, person.name, at)
        views.append(
            PersonView(
                name=person.name,
                role=person.role.value,
                teams=[key for key, team in playbook.teams.items() if person.name in team.members],
                zone=zone_of(playbook, person.name),
                on_duty=works,
                duty_ends=duty_ends(roster, person.name, at) if works else None,
                next_duty=None if works else next_duty(roster, person.name, at),
                present=person.name in present,
                open_tickets=open_tickets.get(person.name, 0),
                absences=[_change_view(entry) for entry in theirs if isinstance(entry.change, Absence)],
                extra_shifts=[_change_view(entry) for entry in theirs if not isinstance(entry.change, Absence)],
            )
        )
    return views


def team_views(playbook: Playbook) -> list[TeamView]:
    return [
        TeamView(
            key=key,
            title=team.title,
            members=list(team.members),
            lead=team.lead,
            manager=team.manager,
            queues=[name for name, queue in playbook.queues.items() if queue.team == key],
        )
        for key, team in playbook.teams.items()
    ]


def _change_view(stored: StoredChange) -> ChangeView:
    change = stored.change
    return ChangeView(id=stored.id, starts=change.starts, ends=change.ends, why=change.why, author=stored.author)
