"""Telling the merchant's own people about a deadline, or a channel that stands in for them."""

from typing import Any

from activities.alerts.models import TELL, Alert
from activities.mail.models import TELL_STAFF, StaffNotice
from domain.effects import EffectKind, op_key
from domain.sla import Clock, Notice, NoticeKind
from workflows._kit.case import Case
from workflows._kit.contract import TASK_QUEUE
from workflows._kit.state import Effect


def tell(case: Case[Any], clock: Clock, notice: Notice, to: str) -> Effect:
    """What tells `to` about a notice of the clock, once: its key names clock, start and step. `to` is a person or an alert
    channel (`channel:NAME`); one that was not in the playbook at the birth of the case is refused as a person nobody knows.
    """
    cause = f"{clock.name}.{notice.kind}.{notice.step}.{int(clock.started_at.timestamp())}"
    channel = case.state.promises.channel(to)
    if channel is not None and channel.webhook is not None:
        activity, argument = TELL, _alert(case, clock, notice, channel.webhook, cause)
    else:
        address = channel.mail if channel is not None else None
        activity, argument = TELL_STAFF, _mail(case, clock, notice, address or to, cause)
    return Effect(
        op_key=argument.op_key,
        activity=activity,
        queue=TASK_QUEUE,
        summary=f"Tell {case.state.promises.title_of(to)}: {clock.name.words} {notice.kind.value}",
        argument=argument.model_dump(mode="json"),
        purpose="notice",
        actor="Casework",
        taken_at=case.now,
    )


def _mail(case: Case[Any], clock: Clock, notice: Notice, person: str, cause: str) -> StaffNotice:
    return StaffNotice(
        op_key=op_key(case.workflow_id, EffectKind.MAIL, cause),
        case_id=case.start.case_id,
        person=person,
        template="deadline_warning" if notice.kind is NoticeKind.WARNING else "deadline_missed",
        facts={
            "case": case.headline(),
            "clock": clock.name.words,
            "due_at": f"{notice.due_at:%Y-%m-%d %H:%M} UTC",
            "owner": case.state.owner or "nobody",
        },
    )


def _alert(case: Case[Any], clock: Clock, notice: Notice, account: str, cause: str) -> Alert:
    said = "is due at" if notice.kind is NoticeKind.WARNING else "was missed; it was due at"
    owner = case.state.owner
    return Alert(
        op_key=op_key(case.workflow_id, EffectKind.ALERT, cause),
        case_id=case.start.case_id,
        account=account,
        case=case.headline(),
        number=case.start.number,
        store=case.start.store,
        clock=clock.name,
        kind=notice.kind,
        due_at=notice.due_at,
        planned_for=notice.planned_for,
        owner=owner,
        text=f"{case.headline()}: {clock.name.words} {said} {notice.due_at:%Y-%m-%d %H:%M} UTC. Owner: {owner or 'nobody'}.",
    )
