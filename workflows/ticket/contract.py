"""The ticket: its decisions and what it shows. Workflow id `ticket-<number>`."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from domain.playbook import Duration
from domain.references import ReferenceKind
from workflows._kit.contract import Decision, News, OwnWords


class MergingKind(StrEnum):
    ABSORB = "absorb"
    RELEASE = "release"


class MergingNews(News):
    """Signal `merging`: `ticket` was merged into this one, or taken out again with all its `family` (it and those merged into
    it before)."""

    kind: MergingKind
    ticket: UUID
    family: tuple[UUID, ...] = ()


class RosterNews(News):
    """Signal `roster`: who is on duty has changed, so another may have the ticket."""


class Reply(Decision):
    """Answer the customer. With `close` the ticket is resolved as soon as the answer is out. References that the text names are
    answered by it; `answers` says which others are."""

    kind: ClassVar[str] = "reply"
    title: ClassVar[str] = "Reply"

    text: OwnWords = Field(min_length=1, max_length=50_000)
    close: bool = False
    answers: list[str] = []


class Note(Decision):
    """A note for colleagues; the customer never sees it."""

    kind: ClassVar[str] = "note"
    title: ClassVar[str] = "Internal note"
    minds_changes: ClassVar[bool] = False

    text: OwnWords = Field(min_length=1, max_length=50_000)


class Assign(Decision):
    """Give the ticket to a person, a queue or both."""

    kind: ClassVar[str] = "assign"
    title: ClassVar[str] = "Assign"

    owner: str | None = None
    queue: str | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.owner and not self.queue:
            raise ValueError("name an owner, a queue or both")
        return self


class Retag(Decision):
    """Correct what the ticket is about. A new tier plans the open clocks anew."""

    kind: ClassVar[str] = "retag"
    title: ClassVar[str] = "Change intent, tags or tier"
    minds_changes: ClassVar[bool] = False

    intent: str | None = None
    tags: list[str] | None = None
    tier: str | None = None


class Snooze(Decision):
    """Put the ticket away until a moment. Its clocks run on."""

    kind: ClassVar[str] = "snooze"
    title: ClassVar[str] = "Snooze"

    until: AwareDatetime


class Wait(Decision):
    """Wait for a named party. The resolution clock pauses while the party's own clock runs: after `chase_after` they are
    reminded, as the playbook says of them, and at last the ticket is back before its owner."""

    kind: ClassVar[str] = "wait"
    title: ClassVar[str] = "Wait for somebody"

    party: str = Field(min_length=1, max_length=80)
    chase_after: Duration | None = Field(
        default=None, description="elapsed time, such as 4h or 2d; left out, what the playbook says"
    )

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.chase_after is not None and self.chase_after <= timedelta(0):
            raise ValueError("chase_after must be longer than nothing")
        return self


class Resolve(Decision):
    """The matter is settled. A reply within the reopen window opens the ticket again; after it, it closes."""

    kind: ClassVar[str] = "resolve"
    title: ClassVar[str] = "Resolve"

    outcome: str = Field(default="answered", max_length=80)
    waive_open: bool = Field(default=False, description="waive the references that nobody has answered")


class Reopen(Decision):
    """Take a resolved or closed ticket up again."""

    kind: ClassVar[str] = "reopen"
    title: ClassVar[str] = "Reopen"
    minds_changes: ClassVar[bool] = False


class Merge(Decision):
    """This ticket is about the same as another: its messages move there, and so does what is written to it later. It can be
    undone at any time."""

    kind: ClassVar[str] = "merge"
    title: ClassVar[str] = "Merge into another ticket"

    into: int = Field(ge=1, description="number of the ticket it is merged into")


class Unmerge(Decision):
    """Take a merged ticket out again: it and the other are as if they had never been one."""

    kind: ClassVar[str] = "unmerge"
    title: ClassVar[str] = "Undo the merge"
    minds_changes: ClassVar[bool] = False


class Split(Decision):
    """Some messages are another matter: they become a ticket of their own."""

    kind: ClassVar[str] = "split"
    title: ClassVar[str] = "Split off messages"

    message_ids: list[UUID] = Field(min_length=1, max_length=200)


class WaiveReference(Decision):
    """This reference needs no answer. The kind is needed only where two references have the same value."""

    kind: ClassVar[str] = "waive_reference"
    title: ClassVar[str] = "Waive a reference"
    minds_changes: ClassVar[bool] = False

    value: str = Field(min_length=1, max_length=200)
    reference_kind: ReferenceKind | None = None
    reason: OwnWords = Field(default="", max_length=1_000)


class Acknowledge(Decision):
    """You have taken notice of a missed promise and see to it: its ladder climbs no further for a while."""

    kind: ClassVar[str] = "acknowledge"
    title: ClassVar[str] = "Acknowledge"
    minds_changes: ClassVar[bool] = False


DECISIONS: tuple[type[Decision], ...] = (
    Reply,
    Note,
    Assign,
    Retag,
    Snooze,
    Wait,
    Resolve,
    Reopen,
    Merge,
    Unmerge,
    Split,
    WaiveReference,
    Acknowledge,
)
