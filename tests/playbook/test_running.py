"""A changed playbook is taken into use while it runs; a bad one is refused, and the one before it stays."""

import logging

import pytest

from activities.mail.templates import Templates
from playbook.running import PlaybookWatch
from tests.playbook.conftest import Folder


@pytest.fixture
def watch(folder: Folder) -> PlaybookWatch:
    return PlaybookWatch(folder.path)


def test_a_good_change_is_taken_once_the_folder_is_quiet(watch: PlaybookWatch, folder: Folder) -> None:
    running, before = watch.playbook, watch.playbook.now
    watch.look()
    folder.change("queues.yaml", "title: Delivery", "title: Parcels")
    watch.look()
    assert running.now is before, "somebody may still be writing"
    folder.change("queues.yaml", "title: Triage", "title: Everything else")
    watch.look()
    assert running.now is before, "and was"
    watch.look()
    assert (running.now.queues["delivery"].title, running.now.queues["triage"].title) == ("Parcels", "Everything else")
    assert running.now.version != before.version


def test_a_bad_change_leaves_the_old_one_and_is_told_once(
    watch: PlaybookWatch, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    running, before = watch.playbook, watch.playbook.now
    folder.change("queues.yaml", "owner: Emma Clarke", "owner: Emma Clark")
    folder.change("rules.yaml", "default_queue: triage", "default_queue: triag")
    for _ in range(5):
        watch.look()
    assert running.now is before
    assert running.refused is not None
    assert [str(mistake).partition(" ")[0] for mistake in running.refused.mistakes] == ["queues.yaml:5:", "rules.yaml:4:"]
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == [
        f"the changed playbook is refused, version {before.version} stays in use: "
        "queues.yaml:5: delivery.owner: there is no person 'Emma Clark'. Did you mean 'Emma Clarke'?; "
        "rules.yaml:4: tickets.default_queue: there is no queue 'triag'. Did you mean 'triage'?"
    ]


def test_a_mended_one_is_taken_and_nothing_is_refused_any_more(watch: PlaybookWatch, folder: Folder) -> None:
    folder.change("queues.yaml", "owner: Emma Clarke", "owner: Emma Clark")
    watch.look()
    watch.look()
    folder.change("queues.yaml", "owner: Emma Clark", "owner: Sofia Marin")
    watch.look()
    watch.look()
    assert watch.playbook.refused is None
    assert watch.playbook.now.queues["delivery"].owner == "Sofia Marin"


def test_a_folder_that_goes_and_comes_back(watch: PlaybookWatch, folder: Folder) -> None:
    before = watch.playbook.now
    folder.path.rename(folder.path.with_name("elsewhere"))
    watch.look()
    watch.look()
    assert watch.playbook.refused is not None
    assert watch.playbook.now is before
    folder.path.with_name("elsewhere").rename(folder.path)
    watch.look()
    watch.look()
    assert watch.playbook.refused is None
    assert watch.playbook.now == before


def test_texts_change_with_the_rules(watch: PlaybookWatch, folder: Folder) -> None:
    """A text is used as the playbook in use has it, not as the file is at the moment."""
    texts = Templates(watch.playbook)
    facts = {"number": "ticket-1"}
    (folder.path / "templates" / "greeting.en.jinja").write_text("Subject: One\n{{ number }}", encoding="utf-8")
    watch.look()
    watch.look()
    assert texts.render("greeting", ("en",), facts).subject == "One"
    folder.change("templates/greeting.en.jinja", "One", "{% if %}")
    watch.look()
    watch.look()
    assert watch.playbook.refused is not None
    assert texts.render("greeting", ("en",), facts).subject == "One"
    folder.change("templates/greeting.en.jinja", "{% if %}", "Two")
    watch.look()
    watch.look()
    assert texts.render("greeting", ("en",), facts).subject == "Two"


def test_what_only_a_restart_takes_up_is_said(watch: PlaybookWatch, folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    folder.change("stores.yaml", "casa-lumen:", "casa-nova:")
    folder.change("routing.yaml", "store: [casa-lumen]", "store: [casa-nova]")
    folder.change("stores.yaml", "ledger_account: main", "ledger_account: berlin")
    watch.look()
    watch.look()
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    needed = "restart `casework worker` and `casework api` for it"
    assert told == [
        f"the store 'casa-nova' is new; {needed}",
        f"the store 'casa-lumen' is gone; {needed}",
        f"the account 'berlin' is new; {needed}",
    ]
