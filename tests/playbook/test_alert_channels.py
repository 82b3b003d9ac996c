"""Alert channels in the playbook: what cannot work is refused when it is read, what is pinned tells them from people."""

import logging

import pytest

from domain.playbook import Playbook
from domain.promises import Promises, promises_of
from playbook.errors import PlaybookError
from playbook.loader import DEFAULT_FOLDER, load
from playbook.running import PlaybookWatch
from tests.domain.rosters import at
from tests.playbook.conftest import Folder

MAIL = "mail: marketplace-desk@northwind-tools.example"


def test_the_demo_tells_a_channel() -> None:
    playbook = load(DEFAULT_FOLDER)
    assert [step.to for step in playbook.ladders["marketplaces"]] == ["owner", "owner", "channel:marketplace-desk"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("ladders.yaml", "channel:marketplace-desk", "channel:market-desk"),
            "ladders.yaml:24: marketplaces #3.to: there is no alert channel 'channel:market-desk'. "
            "Did you mean 'channel:marketplace-desk'?",
        ),
        (
            ("ladders.yaml", "channel:marketplace-desk}", "channel:marketplace-desk, takes_over: true}"),
            "ladders.yaml:24: marketplaces #3: channel:marketplace-desk is told, but cannot own a case; leave takes_over out.",
        ),
        (
            ("alert_channels.yaml", f"  {MAIL}\n", ""),
            "alert_channels.yaml:3: marketplace-desk: an alert channel has one way: give either mail (an address) or webhook "
            "(the name of an account).",
        ),
        (
            ("alert_channels.yaml", MAIL, f"{MAIL}\n  webhook: pager"),
            "alert_channels.yaml:3: marketplace-desk: an alert channel has one way: give either mail (an address) or webhook "
            "(the name of an account).",
        ),
        (
            ("alert_channels.yaml", MAIL, "mail: the desk"),
            "alert_channels.yaml:5: marketplace-desk.mail: 'the desk' is no address: write it as alerts@shop.example.",
        ),
        (
            ("alert_channels.yaml", MAIL, "mail: Support@northwind-tools.example"),
            "alert_channels.yaml:5: marketplace-desk.mail: Support@northwind-tools.example is the support address of "
            "northwind-tools, where an alert would open a ticket. Give another.",
        ),
        (
            ("alert_channels.yaml", MAIL, "email: desk@northwind-tools.example"),
            "alert_channels.yaml:5: marketplace-desk.email: there is no such key here. Did you mean 'mail'?",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_words(folder: Folder, change: tuple[str, str, str], said: str) -> None:
    folder.change(*change)
    with pytest.raises(PlaybookError) as refused:
        load(folder.path)
    assert str(refused.value).splitlines() == [said]


def test_an_account_that_is_named_while_it_runs_needs_a_restart(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    watch = PlaybookWatch(folder.path)
    folder.change("alert_channels.yaml", MAIL, "webhook: night-watch")
    watch.look()
    watch.look()
    assert watch.playbook.now.alert_channels["marketplace-desk"].webhook == "night-watch"
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == ["the account 'night-watch' is new; restart `casework worker` and `casework api` for it"]


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
