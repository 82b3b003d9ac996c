"""Teams and shifts of a playbook folder: what cannot work is refused with file and place."""

import shutil
from pathlib import Path

import pytest

from domain.roster import Roster, on_duty
from playbook.errors import PlaybookError
from playbook.loader import DEFAULT_FOLDER, load
from tests.domain.rosters import at


def test_the_demos_shifts_overlap() -> None:
    playbook = load(DEFAULT_FOLDER)
    roster = Roster(playbook)
    for team in (playbook.teams["hamburg"], playbook.teams["milan"]):
        assert all(on_duty(roster, member, at("2026-03-02T14:00")) for member in team.members)
        assert sum(on_duty(roster, member, at("2026-03-02T09:00")) for member in team.members) == 1
        assert sum(on_duty(roster, member, at("2026-03-02T18:00")) for member in team.members) == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "people",
            "shifts: hamburg-early",
            "shifts: nights",
            r"people\.yaml:2: Jonas Weber\.shifts: there is no calendar 'nights'",
        ),
        (
            "teams",
            "[Nadia Haddad]",
            "[Nadia Haddad, Ruth Adler]",
            r"teams\.yaml:14: finance\.members #2: Ruth Adler has no shifts\. Give them a calendar as `shifts` in people"
            r"\.yaml, or make them the owner of a queue of this team",
        ),
        (
            "teams",
            "[Nadia Haddad]",
            "[]",
            r"teams\.yaml:14: finance\.members: this is empty\. Name at least one of people",
        ),
        ("teams", "Emma Clarke]", "Emma Clark]", r"teams\.yaml:4: hamburg\.members #2: there is no person 'Emma Clark'"),
        ("teams", "lead: Paola Ferri", "lead: Paola", r"teams\.yaml:10: milan\.lead: there is no person 'Paola'"),
        ("teams", "manager: Ruth Adler", "manager: Ruth", r"teams\.yaml:6: hamburg\.manager: there is no person 'Ruth'"),
        ("queues", "team: finance", "team: money", r"queues\.yaml:\d+: accounts\.team: there is no team 'money'"),
        (
            "rules",
            "handover_before: 30m",
            "handover_before: soon",
            r"rules\.yaml:\d+: tickets\.handover_before: 'soon' is no duration",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_words(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PlaybookError, match=words):
        load(_changed(tmp_path, file, old, new))


def test_a_named_owner_may_be_a_member_without_shifts(tmp_path: Path) -> None:
    playbook = load(_changed(tmp_path, "people", ", shifts: hamburg-day", ""))
    assert on_duty(Roster(playbook), "Nadia Haddad", at("2026-03-01T03:00"))


def _changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    folder = tmp_path / "playbook"
    shutil.copytree(DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    changed = folder / f"{file}.yaml"
    text = changed.read_text(encoding="utf-8")
    assert old in text
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder
