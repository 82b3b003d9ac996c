"""Alert channels in the playbook: what cannot work is refused when it is read, what is pinned tells them from people."""

from pathlib import Path
from typing import Any

import pytest

from domain.playbook import Playbook
from domain.promises import Promises, promises_of
from playbook.loader import DEFAULT_FOLDER, PlaybookError, load
from tests.domain.rosters import at
from tests.domain.test_routing_checks import folder_with

GOOD = {"title": "the desk", "mail": "desk@northwind-tools.example"}


def test_the_demo_tells_a_channel() -> None:
    playbook = load(DEFAULT_FOLDER)
    assert [step.to for step in playbook.ladders["marketplaces"]] == ["owner", "owner", "channel:marketplace-desk"]


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ({}, r"ladders\.yaml: ladders\.marketplaces\.2\.to: 'channel:marketplace-desk' is not defined"),
        ({"marketplace-desk": {"title": "x"}}, r"alert_channels\.yaml: alert_channels\.marketplace-desk: .* has one way: give"),
        (
            {"marketplace-desk": {**GOOD, "webhook": "pager"}},
            r"alert_channels\.marketplace-desk: .* give either mail .* or webh",
        ),
        ({"marketplace-desk": {"title": "x", "mail": "the desk"}}, r"mail: 'the desk' is no address; write it as"),
        (
            {"marketplace-desk": {"title": "x", "mail": "Support@northwind-tools.example"}},
            r"alert_channels\.marketplace-desk\.mail: Support@.* is the support address of northwind-tools, where an",
        ),
        ({"marketplace-desk": {**GOOD, "sms": "1"}}, r"alert_channels\.marketplace-desk\.sms: Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused_in_words(tmp_path: Path, channels: Any, words: str) -> None:
    with pytest.raises(PlaybookError, match=words):
        load(folder_with(tmp_path, "alert_channels.yaml", channels))


def test_a_channel_cannot_own_a_case(tmp_path: Path, playbook: Playbook) -> None:
    ladders = {
        name: [step.model_dump(mode="json", exclude_none=True) for step in ladder] for name, ladder in playbook.ladders.items()
    }
    ladders["marketplaces"][-1]["takes_over"] = True
    with pytest.raises(PlaybookError, match="channel:marketplace-desk is told, but cannot own a case"):
        load(folder_with(tmp_path, "ladders.yaml", ladders))


def test_what_is_pinned_tells_people_from_channels(playbook: Playbook) -> None:
    promises = promises_of(playbook, "northwind-tools", at("2026-03-02T09:00"))
    again = Promises.model_validate_json(promises.model_dump_json())
    channel = again.channel("channel:marketplace-desk")
    assert channel is not None
    assert channel.mail == "marketplace-desk@northwind-tools.example"
    assert again.title_of("channel:marketplace-desk") == "the marketplace desk"
    assert again.channel("Ruth Adler") is None
    assert again.title_of("Ruth Adler") == "Ruth Adler"


def test_promises_that_were_pinned_before_there_were_channels(playbook: Playbook) -> None:
    old = promises_of(playbook, "northwind-tools", at("2026-03-02T09:00")).model_dump(mode="json", exclude={"channels"})
    promises = Promises.model_validate(old)
    assert promises.channel("channel:marketplace-desk") is None
    assert promises.title_of("channel:marketplace-desk") == "channel:marketplace-desk"
