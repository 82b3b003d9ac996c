"""Equal promises of many cases are one object, and reading them through a policy changes nothing about them."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from domain.playbook import Playbook
from domain.promises import Promises, SharedPromises, promises_of


class Policy(BaseModel):
    model_config = ConfigDict(frozen=True)
    promises: SharedPromises


def test_what_was_read_before_is_the_same_object(playbook: Playbook) -> None:
    made = promises_of(playbook, "northwind-tools", datetime(2026, 11, 26, 9, tzinfo=UTC))
    written = Policy(promises=made).model_dump_json()
    first, second = Policy.model_validate_json(written), Policy.model_validate_json(written)
    assert first.promises is second.promises
    assert first.promises == made
    assert first.model_dump_json() == written


def test_other_promises_are_other_objects() -> None:
    one, other = (Policy.model_validate({"promises": {"version": version}}) for version in ("1", "2"))
    assert (one.promises.version, other.promises.version) == ("1", "2")


def test_promises_made_twice_are_whole() -> None:
    Policy.model_validate({"promises": {}})
    assert Promises().targets == ()
    assert not Promises().due_comes_first
