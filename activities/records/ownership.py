"""Who has a ticket, by the roster: asked when it is opened, before its owner's duty ends, and when the roster changes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.records.models import ASK_OWNER, OwnerRequest, Ownership
from domain.roster import Duty, Roster, duty_ends, next_duty, on_duty
from playbook.running import RunningPlaybook
from storage.engine import Database
from storage.roster import duty_for, read_roster


class OwnershipRecords:
    def __init__(self, database: Database, playbook: RunningPlaybook) -> None:
        self._database = database
        self._playbook = playbook

    @activity.defn(name=ASK_OWNER)
    async def ask_owner(self, request: OwnerRequest) -> Ownership:
        """Whose turn it is now, and when to ask again."""
        async with self._database.begin() as connection:
            at = datetime.now(UTC)
            return await whose_turn(connection, await read_roster(connection, self._playbook.now, at), request, at)


async def whose_turn(connection: AsyncConnection, roster: Roster, request: OwnerRequest, at: datetime) -> Ownership:
    """The owner stays while their duty lasts. Shortly before it ends the work goes to a colleague who stays longer, at its end
    to whoever is there. A queue that the playbook no longer has is the default queue's team's."""
    playbook = roster.playbook
    queue = request.queue if request.queue in playbook.queues else playbook.tickets.default_queue
    if request.owner is not None and request.given:
        return _given(roster, request.owner, at, request.handover_before)
    duty = await duty_for(connection, roster, queue, at, owner=request.owner)
    if not on_duty(roster, duty.owner, at):
        # Nobody of the team is there: the work waits with the queue's owner for the first to come.
        return Ownership(owner=duty.owner, ask_at=duty.until, reason=duty.reason)
    if duty.owner != request.owner:
        return _from(duty, at, request.handover_before)
    ends = duty.until
    if ends is None or at < ends - request.handover_before:
        return _from(duty, at, request.handover_before)
    successor = await duty_for(connection, roster, queue, at, but_not=request.owner)
    if successor.owner != request.owner and successor.until is not None and successor.until > ends:
        return _from(successor, at, request.handover_before)
    return Ownership(owner=duty.owner, ask_at=ends, reason=duty.reason)


def _given(roster: Roster, owner: str, at: datetime, before: timedelta) -> Ownership:
    if on_duty(roster, owner, at):
        duty = Duty(owner=owner, until=duty_ends(roster, owner, at), reason=f"{owner} is on duty.")
        return _from(duty, at, before)
    comes = next_duty(roster, owner, at)
    if comes is None:
        return Ownership(owner=owner, ask_at=at + before, reason=f"{owner} has no duty in the roster.")
    duty = Duty(owner=owner, until=duty_ends(roster, owner, comes), reason=f"{owner} comes on duty later.")
    return _from(duty, comes, before)


def _from(duty: Duty, at: datetime, before: timedelta) -> Ownership:
    """Asked again `before` the duty ends, or at its end where that is nearer."""
    if duty.until is None:
        return Ownership(owner=duty.owner, ask_at=None, reason=duty.reason)
    early = duty.until - before
    return Ownership(owner=duty.owner, ask_at=early if early > at else duty.until, reason=duty.reason)
