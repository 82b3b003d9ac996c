"""What every long-running process speaks: the input of its workflow, its two signals, and the shape of a decision."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.people import Role

TASK_QUEUE = "casework"
"""The queue of all workflows and of the activities that need no provider's quota."""


class _OwnWords:
    """Marks a field that a person wrote: it stays in the database and never enters a history (claim check)."""


OwnWords = Annotated[str, _OwnWords()]


class CaseInput(BaseModel):
    """What a case's workflow starts with. `state` is carried from run to run; a first run, and one that wakes a closed case,
    has none and reads it from the records."""

    model_config = ConfigDict(frozen=True)

    case_id: UUID
    number: int
    store: str
    state: dict[str, Any] | None = None


class MessageArrived(BaseModel):
    """Signal `message`: a message was filed under this case. Its content is in the records."""

    model_config = ConfigDict(frozen=True)

    message_id: UUID


class DecisionTaken(BaseModel):
    """Signal `decision`: a person decided. `payload` is the decision's model without the person's own words."""

    model_config = ConfigDict(frozen=True)

    decision_id: UUID
    kind: str
    author: str
    role: Role
    seen_revision: int | None = None
    taken_at: AwareDatetime
    payload: dict[str, Any] = {}


class News(BaseModel):
    """Base of what else a process may be told by a signal of its own. The same `id` is told once."""

    model_config = ConfigDict(frozen=True)

    id: UUID


class Decision(BaseModel):
    """Base of a process's decisions. A subclass declares its fields, and by class variables how it is named, shown and who
    may take it; route, form, permission and audit entry come from that.

    `minds_changes` makes the decision stale when a message or another's decision came after the revision it was taken on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    title: ClassVar[str]
    authority: ClassVar[Role] = Role.AGENT
    minds_changes: ClassVar[bool] = True

    def carried(self) -> dict[str, Any]:
        """The payload as it travels in the signal: without own words."""
        return self.model_dump(mode="json", exclude=own_words(type(self)))


def own_words(model: type[BaseModel]) -> set[str]:
    """Names of the fields that hold a person's own words."""
    return {name for name, field in model.model_fields.items() if any(isinstance(mark, _OwnWords) for mark in field.metadata)}


class Refused(Exception):
    """A decision is refused; the words say why and go to who took it."""


class UnblockAction(StrEnum):
    RETRY = "retry"
    DONE_BY_HAND = "done_by_hand"
    SKIP = "skip"


class Unblock(Decision):
    """What becomes of an effect that a machine cannot finish: try it again, or note that a person did it or let it be."""

    kind: ClassVar[str] = "unblock"
    title: ClassVar[str] = "Decide a stuck call"
    minds_changes: ClassVar[bool] = False

    op_key: str
    action: UnblockAction
    provider_id: str | None = None
    """Where a person did it by hand: what the provider calls it."""
