"""Whether rules that are right one by one fit together: every name that is used exists, and nobody waits for nothing."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from domain.messages import Channel
from domain.mistakes import Mistakes, Place
from domain.routing_checks import look_for_unusable
from domain.service_levels import CHANNEL, CUSTOMER, LEAD, MANAGER, OWNER, Conditions, SpecialTarget

if TYPE_CHECKING:
    from domain.playbook import Playbook


def look_for_mistakes(playbook: "Playbook", mistakes: Mistakes) -> None:
    """Adds everything that does not fit to `mistakes`."""
    people = {person.name for person in playbook.people}
    _stores(playbook, mistakes)
    _service_levels(playbook, mistakes)
    _overlays(playbook, mistakes)
    _alert_channels(playbook, mistakes)
    _clocks(playbook, people, mistakes)
    _queues(playbook, people, mistakes)
    _people(playbook, people, mistakes)
    languages = {key: store.languages for key, store in playbook.stores.items()}
    tiers = {key: _tiers(playbook, store.service_level) for key, store in playbook.stores.items()}
    look_for_unusable(playbook.routing, playbook.queues, people, languages, tiers, mistakes)


def _tiers(playbook: "Playbook", service_level: str) -> Collection[str]:
    level = playbook.service_levels.get(service_level)
    return level.targets if level else ()


def _stores(playbook: "Playbook", mistakes: Mistakes) -> None:
    for key, store in playbook.stores.items():
        place, level = ("stores", key), store.service_level
        mistakes.require((*place, "service_level"), level, playbook.service_levels, "service level")
        if level in playbook.service_levels:
            for kind, tiers in (("tiers", store.tiers), ("company_tiers", store.company_tiers)):
                for who, tier in tiers.items():
                    mistakes.require((*place, kind, who), tier, _tiers(playbook, level), "tier")
    for key, portal in playbook.portals.items():
        mistakes.require(("portals", key, "store"), portal.store, playbook.stores, "store")


def _service_levels(playbook: "Playbook", mistakes: Mistakes) -> None:
    default = playbook.tickets.default_tier
    for key, level in playbook.service_levels.items():
        place = ("service_levels", key)
        mistakes.require((*place, "calendar"), level.calendar, playbook.calendars, "calendar")
        mistakes.require((*place, "ladder"), level.ladder, playbook.ladders, "ladder")
        if default not in level.targets:
            mistakes.add((*place, "targets"), f"there are none for the tier {default!r}, which is the default tier. Add them.")
        if level.aging is not None:
            mistakes.require((*place, "aging", "ladder"), level.aging.ladder, playbook.ladders, "ladder")
        _special(playbook, (*place, "special"), level.special, level.targets, mistakes)


def _overlays(playbook: "Playbook", mistakes: Mistakes) -> None:
    tiers = {tier for level in playbook.service_levels.values() for tier in level.targets}
    for index, overlay in enumerate(playbook.overlays):
        place = ("overlays", index)
        mistakes.require_all((*place, "stores"), overlay.stores, playbook.stores, "store")
        for tier in overlay.targets:
            mistakes.require((*place, "targets", tier), tier, tiers, "tier")
        _special(playbook, (*place, "special"), overlay.special, tiers, mistakes)


def _special(
    playbook: "Playbook", where: Place, special: tuple[SpecialTarget, ...], tiers: Collection[str], mistakes: Mistakes
) -> None:
    known = {"tier": tiers, "queue": playbook.queues, "channel": [channel.value for channel in Channel]}
    seen: set[Conditions] = set()
    for index, target in enumerate(special):
        place = (*where, index)
        if target.calendar is not None:
            mistakes.require((*place, "calendar"), target.calendar, playbook.calendars, "calendar")
        if target.ladder is not None:
            mistakes.require((*place, "ladder"), target.ladder, playbook.ladders, "ladder")
        for kind, names in known.items():
            mistakes.require_all((*place, "when", kind), getattr(target.when, kind), names, kind)
        if target.when in seen:
            mistakes.add(place, f"another one has the same conditions ({target.when.words}). Make them one.")
        seen.add(target.when)


def _alert_channels(playbook: "Playbook", mistakes: Mistakes) -> None:
    for key, channel in playbook.alert_channels.items():
        if channel.mail is not None and (store := playbook.store_of(channel.mail)) is not None:
            mistakes.add(
                ("alert_channels", key, "mail"),
                f"{channel.mail} is the support address of {store}, where an alert would open a ticket. Give another.",
            )


def _clocks(playbook: "Playbook", people: set[str], mistakes: Mistakes) -> None:
    channels = {f"{CHANNEL}{name}" for name in playbook.alert_channels}
    for key, ladder in playbook.ladders.items():
        for index, step in enumerate(ladder):
            place = ("ladders", key, index, "to")
            if step.to.startswith(CHANNEL):
                mistakes.require(place, step.to, channels, "alert channel")
            else:
                mistakes.require(place, step.to, people | {OWNER, LEAD, MANAGER}, "person")
    for key, party in playbook.waiting.items():
        if party.calendar is not None:
            mistakes.require(("waiting", key, "calendar"), party.calendar, playbook.calendars, "calendar")
        if party.to is not None and "@" not in party.to:
            mistakes.require(("waiting", key, "to"), party.to, people | {CUSTOMER}, "person")
    for index, clock in enumerate(playbook.channel_clocks):
        if clock.ladder is not None:
            mistakes.require(("channel_clocks", index, "ladder"), clock.ladder, playbook.ladders, "ladder")


def _queues(playbook: "Playbook", people: set[str], mistakes: Mistakes) -> None:
    for key, queue in playbook.queues.items():
        mistakes.require(("queues", key, "owner"), queue.owner, people, "person")
        mistakes.require(("queues", key, "team"), queue.team, playbook.teams, "team")
    mistakes.require(("tickets", "default_queue"), playbook.tickets.default_queue, playbook.queues, "queue")


def _people(playbook: "Playbook", people: set[str], mistakes: Mistakes) -> None:
    for index, person in enumerate(playbook.people):
        if person.name in {other.name for other in playbook.people[:index]}:
            mistakes.add(("people", index, "name"), f"{person.name!r} is there already. Rename one of the two, or take it out.")
        if person.shifts is not None:
            mistakes.require(("people", index, "shifts"), person.shifts, playbook.calendars, "calendar")
    without_shifts = {person.name for person in playbook.people if person.shifts is None}
    for key, team in playbook.teams.items():
        place = ("teams", key)
        mistakes.require((*place, "lead"), team.lead, people, "person")
        mistakes.require((*place, "manager"), team.manager, people, "person")
        mistakes.require_all((*place, "members"), team.members, people, "person")
        if not team.members:
            mistakes.add((*place, "members"), "this is empty. Name at least one of people.yaml.")
        always_answer = {queue.owner for queue in playbook.queues.values() if queue.team == key}
        for number, name in enumerate(team.members):
            if name in without_shifts - always_answer:
                mistakes.add(
                    (*place, "members", number),
                    f"{name} has no shifts. Give them a calendar as `shifts` in people.yaml, or make them the owner of a queue "
                    "of this team.",
                )
