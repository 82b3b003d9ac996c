"""What every case remembers from run to run."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, model_validator

from domain.people import Role
from domain.promises import ClockName, Promises, clock_of_first_shape
from domain.sla import Clock, Standing

MEMORY = 1_000
"""Ids of handled messages and decisions kept against repetition; the database refuses older repeats."""


class EffectStatus(StrEnum):
    RUNNING = "running"
    BLOCKED = "blocked"


class Booked(BaseModel):
    """What somebody did by hand, before another has confirmed it."""

    number: str
    by: str


class Effect(BaseModel):
    """Something under way in the outside world. It leaves the list when it is done; blocked, it waits for a person."""

    op_key: str
    activity: str
    queue: str
    summary: str
    argument: dict[str, Any]
    purpose: str
    """What it is for, in the process's own words."""
    decision_id: UUID | None = None
    actor: str
    taken_at: AwareDatetime
    answers: list[str] = []
    """Values of the references that a reply answers."""
    publishes: bool = False
    """Whether the activity stores what the case shows once it is done, in the transaction that marks it done."""
    status: EffectStatus = EffectStatus.RUNNING
    attempt: int = 1
    by_hand_needs: Role = Role.AGENT
    """Who may say that it was done by hand, or shall be left out. To try again needs nobody in particular."""
    words: str | None = None
    """Why it is blocked, for a person."""
    by_hand_key: str | None = None
    """The op_key of what a person does by the account's nature, and another confirms."""
    booked: Booked | None = None


class CaseState(BaseModel):
    """Common to all processes. `changed_at_revision` is the revision at which something last happened that a person who
    decides should have seen."""

    status: str
    stage: str
    queue: str | None = None
    owner: str | None = None
    company: str | None = None
    intent: str | None = None
    orders: list[str] = []
    language: str = "en"
    playbook_version: str
    revision: int = 0
    changed_at_revision: int = 0
    last_change: str = ""
    sequence: int = 0
    seen: list[UUID] = []
    clocks: list[Clock] = []
    effects: list[Effect] = []

    @model_validator(mode="before")
    @classmethod
    def _first_shape(cls, data: Any) -> Any:
        """A state that was kept when each clock had its promise in itself."""
        if not isinstance(data, dict) or "promises" not in data:
            return data
        old = dict(data)
        promised = old.pop("promises")
        return old | {"clocks": [clock_of_first_shape(clock, promised.get(clock["name"])) for clock in old["clocks"]]}

    @property
    def promises(self) -> Promises:
        """What its clocks are held to. A process that promises nothing has plain deadlines, without a ladder."""
        return Promises()

    @property
    def standing(self) -> Standing:
        return Standing(self.promises, self.owner, self.queue)

    def clock(self, name: ClockName) -> Clock | None:
        """The clock of that name that has not ended."""
        return next((clock for clock in self.clocks if clock.name is name and clock.ended_at is None), None)

    def clocks_of(self, names: Collection[ClockName]) -> list[Clock]:
        return [clock for clock in self.clocks if clock.name in names]

    def blocked(self) -> list[Effect]:
        return [effect for effect in self.effects if effect.status is EffectStatus.BLOCKED]
