"""Alerts by webhook: what a deadline says to a program of the merchant, such as a pager or a chat room."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.promises import ClockName
from domain.sla import NoticeKind

TELL = "alerts.tell"
"""Activity name: one post to a webhook, once. Input Alert, output Told."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Alert(_Model):
    """What the account `account` is told. `case` is what the case is called, `text` the same in one or two sentences; both are
    made of facts and hold nothing that a customer wrote. `attempt` counts the times a person has asked for it, the first time
    included."""

    op_key: str
    case_id: UUID
    account: str
    case: str
    number: int
    store: str
    clock: ClockName
    kind: NoticeKind
    due_at: AwareDatetime
    planned_for: AwareDatetime
    owner: str | None
    text: str
    attempt: int = 1


class Told(_Model):
    """`status` is what the receiver answered. It is None where a person settled it by hand: `skipped` says that they left
    it out."""

    status: int | None
    skipped: bool = False
