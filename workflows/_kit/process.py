"""The declaration by which a process is found: everything the product offers for it comes from here."""

from dataclasses import dataclass

from pydantic import BaseModel

from workflows._kit.contract import Decision


@dataclass(frozen=True)
class Process:
    """One long-running process. `name` equals its folder's. `start` is what a person gives to begin one (None: it is not
    begun by a person); it must name a `store`. `decisions` are what agents may decide while it runs."""

    name: str
    title: str
    description: str
    workflow: type
    decisions: tuple[type[Decision], ...]
    start: type[BaseModel] | None = None

    def decision(self, kind: str) -> type[Decision] | None:
        """The decision of that kind, if the process has it."""
        return next((decision for decision in self.decisions if decision.kind == kind), None)
