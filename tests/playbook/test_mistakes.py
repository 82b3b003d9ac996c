"""A playbook that cannot be used is refused with file, line, reason and a way to mend it, for every mistake."""

from pathlib import Path

import pytest

from playbook.errors import PlaybookError
from playbook.loader import load
from tests.playbook.conftest import Folder


def refused(path: Path) -> list[str]:
    with pytest.raises(PlaybookError) as error:
        load(path)
    return str(error.value).splitlines()


RULES_THAT_DO_NOT_FIT = [
    (
        ("rules.yaml", "default_queue: triage", "default_queue: triag"),
        "rules.yaml:4: tickets.default_queue: there is no queue 'triag'. Did you mean 'triage'?",
    ),
    (
        ("queues.yaml", "owner: Jonas Weber", "owner: Jonas Webber"),
        "queues.yaml:9: returns.owner: there is no person 'Jonas Webber'. Did you mean 'Jonas Weber'?",
    ),
    (
        ("ladders.yaml", "{after: 4h, to: Martin Krause, takes_over: true}", "{after: 4h, to: Martin Kraus}"),
        "ladders.yaml:6: northwind #3.to: there is no person 'Martin Kraus'. Did you mean 'Martin Krause'?",
    ),
    (
        ("service_levels.yaml", "ladder: northwind\n", "ladder: northwint\n"),
        "service_levels.yaml:12: northwind.ladder: there is no ladder 'northwint'. Did you mean 'northwind'?",
    ),
    (
        ("service_levels.yaml", "queue: [accounts]", "queue: [account]"),
        "service_levels.yaml:11: northwind.special #2.when.queue #1: there is no queue 'account'. Did you mean 'accounts'?",
    ),
    (
        ("service_levels.yaml", "    - {when: {queue", "    - {when: {channel: [chat]}, resolution: 1h}\n    - {when: {queue"),
        "service_levels.yaml:11: northwind.special #2: another one has the same conditions (channel chat). Make them one.",
    ),
    (
        ("routing.yaml", "name: invoices and credit", "name: Studio Bellini"),
        "routing.yaml:33: Studio Bellini.name: two rules have this name. Give each its own.",
    ),
    (
        ("people.yaml", "shifts: hamburg-early", "shifts: hamburg-earlier"),
        "people.yaml:2: Jonas Weber.shifts: there is no calendar 'hamburg-earlier'. Did you mean 'hamburg-early'?",
    ),
    (
        (
            "people.yaml",
            "- {name: Ruth Adler",
            "- {name: Ruth Adler, email: r@adler.example, role: agent}\n- {name: Ruth Adler",
        ),
        "people.yaml:10: Ruth Adler.name: 'Ruth Adler' is there already. Rename one of the two, or take it out.",
    ),
    (
        ("stores.yaml", "service_level: lumen", "service_level: gold"),
        "stores.yaml:39: casa-lumen.service_level: there is no service level 'gold'. There are lumen, northwind.",
    ),
]

RULES_BADLY_WRITTEN = [
    (
        ("calendars.yaml", "Europe/Rome", "Europe/Roma"),
        "calendars.yaml:14: milan-office.zone: 'Europe/Roma' is no time zone: "
        "did you mean Europe/Rome or Europe/Riga or Europe/Sofia?",
    ),
    (
        ("queues.yaml", "sales:", "returns:"),
        "queues.yaml:10: 'returns' is written twice, first on line 6. Take one of the two out.",
    ),
    (
        ("portals.yaml", "  company: ", "  compani: x\n  company: "),
        "portals.yaml:3: brightwell-purchasing.compani: there is no such key here. Did you mean 'company'?",
    ),
    (
        ("ladders.yaml", "- {after: 0m, to: Martin Krause}", "- {after: 0m, to: Martin Krause, take_over: true}"),
        "ladders.yaml:5: northwind #2.take_over: there is no such key here. Did you mean 'takes_over'?",
    ),
    (
        ("rules.yaml", "mail:", "mails:"),
        "rules.yaml:9: mails: there is no such key here. Did you mean 'mail'?",
    ),
    (
        ("rules.yaml", "mail:", "stores: {}\nmail:"),
        "rules.yaml:9: stores: this has no place here. Write it in stores.yaml.",
    ),
    (
        ("queues.yaml", "  owner: Sofia Marin\n", ""),
        "queues.yaml:10: sales.owner: this is missing. Add it.",
    ),
    (
        ("stores.yaml", "languages: [en, de, zh]", "languages: [en, true]"),
        "stores.yaml:4: northwind-tools.languages #2: this is True and must be text. Put it in quotes.",
    ),
    (
        ("stores.yaml", 'postal_code: "20457"', "postal_code: 20457"),
        "stores.yaml:33: northwind-tools.warehouse.postal_code: this is 20457 and must be text. Put it in quotes.",
    ),
    (
        ("teams.yaml", "members: [Nadia Haddad]", "members: Nadia Haddad"),
        "teams.yaml:14: finance.members: this is 'Nadia Haddad' and must be a list. "
        "Write it as [one, two], or as lines that begin with a dash.",
    ),
    (
        ("stores.yaml", "title: Northwind Tools", "title:"),
        "stores.yaml:2: northwind-tools.title: this is empty. Write what it is to be, or take the key out.",
    ),
    (
        ("people.yaml", "role: finance", "role: finances"),
        "people.yaml:8: Nadia Haddad.role: this cannot be 'finances'. Did you mean 'finance'?",
    ),
    (
        ("ladders.yaml", "before: 30m", "before: half an hour"),
        "ladders.yaml:4: northwind #1.before: 'half an hour' is no duration: write it as 30m, 4h or 2d.",
    ),
    (
        ("calendars.yaml", '"09:00", closes: "13:00"', '"19:00", closes: "13:00"'),
        "calendars.yaml:16: milan-office.hours #1: closes 13:00 is not after opens 19:00; hours over midnight are two "
        "intervals, one that closes at 24:00 and one that opens at 00:00 on the next day.",
    ),
    (
        ("calendars.yaml", '"09:00", closes: "13:00"', '9, closes: "13:00"'),
        'calendars.yaml:16: milan-office.hours #1.opens: 9 is no time of day: write it in quotes, as "08:00".',
    ),
    (
        ("rules.yaml", "per_sender: 60", "per_sender: 0"),
        "rules.yaml:10: mail.per_sender: this should be greater than 0, not 0.",
    ),
]

FILES_THAT_CANNOT_BE_READ = [
    (
        ("queues.yaml", "  title: Delivery", "\ttitle: Delivery"),
        "queues.yaml:3: this is not YAML: there is a tab. Use spaces.",
    ),
    (
        ("queues.yaml", "title: Delivery", "title: Delivery: fast"),
        "queues.yaml:3: this is not YAML: mapping values are not allowed here. Look at this line and the one before it.",
    ),
    (
        ("queues.yaml", "title: Delivery", "title: 2026-02-30"),
        "queues.yaml:3: '2026-02-30' cannot be read: day is out of range for month. Mend it, or put it in quotes.",
    ),
    (
        ("queues.yaml", "delivery:\n  title: Delivery", "delivery: &self\n  title: *self"),
        "queues.yaml:2: this refers to itself. Write out what is meant.",
    ),
    (
        ("templates/words.en.jinja", "{% macro article(line) %}", "{% macro article(line %}"),
        "templates/words.en.jinja:19: this is not Jinja: expected token ',', got '%'",
    ),
    (
        ("templates/words.en.jinja", "| money(", "| monney("),
        "templates/words.en.jinja:29: there is no filter 'monney'. Did you mean 'money'?",
    ),
    (
        ("templates/return_label.en.jinja", "words.en.jinja", "word.en.jinja"),
        "templates/return_label.en.jinja:2: there is no text 'word.en.jinja'. Did you mean 'words.en.jinja'?",
    ),
]


@pytest.mark.parametrize(("change", "said"), [*RULES_THAT_DO_NOT_FIT, *RULES_BADLY_WRITTEN, *FILES_THAT_CANNOT_BE_READ])
def test_one_mistake_is_told_in_one_line(change: tuple[str, str, str], said: str, folder: Folder) -> None:
    folder.change(*change)
    assert refused(folder.path) == [said]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("queues.yaml", None, "queues.yaml: there is no such file. Add it: a playbook needs it."),
        (
            "calendars.yaml",
            "",
            "calendars.yaml:1: the file is empty. Write its rules there; {} or [] says that there are none.",
        ),
        (
            "stores.yaml",
            "- title: Northwind\n",
            "stores.yaml:1: this is a list and must be a mapping. Write it as lines of `key: value`.",
        ),
        ("rules.yaml", "- tickets\n", "rules.yaml:1: the file must be a mapping. Write it as lines of `key: value`."),
        ("people.yaml", b"# R\xf6ssler\n", "people.yaml:1: it is not UTF-8. Save it as UTF-8."),
        ("people.yaml", "\n# \x07\n", "people.yaml:2: there is a control character. Take it out."),
    ],
)
def test_a_file_that_is_no_such_thing(file: str, content: str | bytes | None, said: str, folder: Folder) -> None:
    if content is None:
        (folder.path / file).unlink()
    else:
        (folder.path / file).write_bytes(content.encode() if isinstance(content, str) else content)
    assert refused(folder.path) == [said]


def test_all_mistakes_are_told_in_the_order_of_the_files(folder: Folder) -> None:
    folder.change("rules.yaml", "reopen_window: 7d", "reopen_window: soon")
    folder.change("templates/words.de.jinja", "{% macro", "{% makro")
    folder.change("queues.yaml", "owner: Martin Krause", "owner: [Martin Krause]")
    folder.change("queues.yaml", "title: Delivery", "titel: Delivery")
    (folder.path / "stores.yaml").unlink()
    places = [line.partition(": ")[0] for line in refused(folder.path)]
    assert places == [
        "stores.yaml",
        "queues.yaml:2",
        "queues.yaml:3",
        "queues.yaml:29",
        "rules.yaml:2",
        "templates/words.de.jinja:18",
    ]


def test_all_names_that_do_not_exist_are_told(folder: Folder) -> None:
    folder.change("people.yaml", "name: Martin Krause", "name: Martina Krause")
    folder.change("rules.yaml", "default_tier: standard", "default_tier: tin")
    folder.change("rules.yaml", "default_queue: triage", "default_queue: triag")
    assert [": ".join(line.split(": ")[:2]) for line in refused(folder.path)] == [
        "service_levels.yaml:5: northwind.targets",
        "service_levels.yaml:16: lumen.targets",
        "ladders.yaml:5: northwind #2.to",
        "ladders.yaml:6: northwind #3.to",
        "ladders.yaml:10: northwind-stalled #2.to",
        "queues.yaml:29: triage.owner",
        "teams.yaml:5: hamburg.lead",
        "routing.yaml:23: gold quotes.owner",
        "rules.yaml:4: tickets.default_queue",
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere") == [f"{tmp_path / 'nowhere'}: there is no such folder."]


def test_what_is_merged_in_may_be_said_again(folder: Folder) -> None:
    """`<<` takes another mapping's keys over; the mapping's own ones go before them and are no second ones."""
    before = load(folder.path)
    folder.change("queues.yaml", "sales:\n", "sales: &sales\n")
    folder.change("queues.yaml", "accounts:\n  title: Invoices and credit\n", "accounts:\n  <<: *sales\n  title: Money\n")
    after = load(folder.path)
    assert (after.queues["accounts"].title, after.queues["accounts"].owner) == ("Money", "Nadia Haddad")
    assert after.queues["sales"] == before.queues["sales"]


def test_the_version_says_what_the_files_say_not_how(folder: Folder) -> None:
    version = load(folder.path).version
    folder.change("teams.yaml", "members: [Nadia Haddad]", "members:\n    - Nadia Haddad  # and nobody else")
    assert load(folder.path).version == version
    folder.change("templates/words.en.jinja", "damaged", "broken")
    assert load(folder.path).version != version
