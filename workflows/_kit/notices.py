"""Telling the merchant's own people about a deadline."""

from datetime import datetime
from uuid import UUID

from activities.mail.models import TELL_STAFF, StaffNotice
from domain.effects import EffectKind, op_key
from domain.sla import Clock, Notice, NoticeKind
from workflows._kit.contract import TASK_QUEUE
from workflows._kit.state import Effect


def tell(
    workflow_id: str, case_id: UUID, case: str, clock: Clock, notice: Notice, person: str, owner: str | None, at: datetime
) -> Effect:
    """A mail to `person` about a notice, once: its key names clock, start and step. `case` is what the case is called."""
    cause = f"{clock.name}.{notice.kind}.{notice.step}.{int(clock.started_at.timestamp())}"
    argument = StaffNotice(
        op_key=op_key(workflow_id, EffectKind.MAIL, cause),
        case_id=case_id,
        person=person,
        template="deadline_warning" if notice.kind is NoticeKind.WARNING else "deadline_missed",
        facts={
            "case": case,
            "clock": clock.name.words,
            "due_at": f"{notice.due_at:%Y-%m-%d %H:%M} UTC",
            "owner": owner or "nobody",
        },
    )
    return Effect(
        op_key=argument.op_key,
        activity=TELL_STAFF,
        queue=TASK_QUEUE,
        summary=f"Tell {person}: {clock.name.words} {notice.kind.value}",
        argument=argument.model_dump(mode="json"),
        purpose="notice",
        actor="Casework",
        taken_at=at,
    )
