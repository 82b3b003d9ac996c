"""Users, agents and companies of an export: from the export itself and from the files beside it."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from activities.importing.fields import Fields, Name, Person, reason
from activities.importing.json_records import records
from activities.importing.reading import Reading

_BESIDE = {
    "users": "user",
    "agents": "agent",
    "contacts": "contact",
    "organizations": "organization",
    "companies": "organization",
}
"""Names that the files beside an export begin with, and what is in them."""


class _Organization(Fields):
    id: Name
    name: str


class People:
    """Persons and companies by the ids that tickets name them by. Agents and contacts may have the same ids."""

    def __init__(self) -> None:
        self.users: dict[str, Person] = {}
        self.agents: dict[str, Person] = {}
        self.companies: dict[str, str] = {}

    def person(self, identity: str | None) -> Person | None:
        return None if identity is None else self.agents.get(identity) or self.users.get(identity)


def files_beside(export: Path) -> dict[Path, str]:
    """The files beside an export that tell who its people are, and what each holds."""
    return {
        file: kind
        for file in sorted(export.parent.iterdir())
        for begin, kind in _BESIDE.items()
        if file != export and file.name.lower().startswith(begin) and file.suffix in (".json", ".ndjson", ".jsonl")
    }


def read_people(export: Path, reading: Reading) -> People:
    """Goes over the export and the files beside it once. Faults of the export are reported when its tickets are read."""
    people = People()
    for record in records(export, reading, silent=True):
        _keep(people, record.kind, record.value)
    for file, kind in files_beside(export).items():
        for record in records(file, reading, kind):
            why = _keep(people, record.kind, record.value)
            if why:
                reading.problem(record.where, record.kind, why)
    return people


def _keep(people: People, kind: str, value: dict[str, Any]) -> str | None:
    """Remembers a person or company, or says why it cannot be read."""
    try:
        if kind == "organization":
            company = _Organization.model_validate(value)
            people.companies[company.id] = company.name
        elif kind != "ticket":
            contact = value.get("contact")  # an agent of Freshdesk has its name there
            person = Person.model_validate({**contact, "id": value.get("id")} if isinstance(contact, dict) else value)
            if person.id is not None:
                (people.agents if kind == "agent" else people.users)[person.id] = person
    except ValidationError as error:
        return reason(error)
    return None
