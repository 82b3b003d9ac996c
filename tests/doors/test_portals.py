"""Procurement-portal mail: the right company, the right order, whoever did not write it."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from activities._kit.errors import Rejected
from activities.mail.doors.portal import answer_address, portal_of, portal_of_message
from domain.messages import Channel, MessageNature
from domain.playbook import Playbook
from domain.references import ReferenceKind
from playbook.errors import PlaybookError
from playbook.loader import DEFAULT_FOLDER, load
from tests.doors.letters import mail, parsed
from tests.doors.portal_layouts import LAYOUTS, NUMBERS, PROFILES, Layout

CORPUS = 200
GOAL = 0.95
MACHINE = [("Auto-Submitted", "auto-generated"), ("Precedence", "bulk"), ("X-Auto-Response-Suppress", "All")]


def folder_with(tmp_path: Path, portals: Any) -> Path:
    folder = tmp_path / "playbook"
    shutil.copytree(DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "portals.yaml").write_text(yaml.safe_dump(portals, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture
def merchant(tmp_path: Path) -> Playbook:
    """A playbook with the portals of the layouts."""
    stored = {
        key: {"store": "northwind-tools", "company_id": str(900 + position), **profile}
        for position, (key, profile) in enumerate(PROFILES.items())
    }
    return load(folder_with(tmp_path, stored))


def letter(layout: Layout, number: int) -> tuple[bytes, str]:
    """The mail of a layout, and the order it is about."""
    order = NUMBERS[layout.portal].format(n=number * 37 + 1_001)
    facts = {"po": order, "other": f"{number * 7919 % 900_000 + 100_000}"}
    files = [(layout.file.format(**facts), "application/pdf")] if layout.file else []
    body = layout.body.format(**facts)
    return mail(layout.sender, layout.subject.format(**facts), body, files=files, html=layout.html, headers=MACHINE), order


def test_a_corpus_of_portal_mail_finds_its_companies_and_orders(merchant: Playbook) -> None:
    assert len({layout.language for layout in LAYOUTS}) == 6
    missed: Counter[str] = Counter()
    for number in range(CORPUS):
        layout = LAYOUTS[number % len(LAYOUTS)]
        raw, order = letter(layout, number)
        message = parsed(raw, merchant)
        portal = portal_of_message(message, merchant)
        found = [one.value for one in message.named if one.kind is ReferenceKind.PURCHASE_ORDER]
        right_company = portal is not None and portal.company == PROFILES[layout.portal]["company"]
        if not right_company or found != [order]:
            missed[f"{layout.portal}: {layout.subject}"] += 1
        assert (message.channel, message.nature) == (Channel.PORTAL, MessageNature.PERSON)
    assert 1 - missed.total() / CORPUS >= GOAL, missed


@pytest.mark.parametrize(
    "layout", [one for one in LAYOUTS if "po}" in one.subject + one.file][:12], ids=lambda one: one.subject
)
def test_the_sender_is_the_person_named_or_the_company(layout: Layout, merchant: Playbook) -> None:
    raw, _ = letter(layout, 3)
    name = parsed(raw, merchant).sender.name
    named = {"Urs Keller", "Mia Frei", "Dana Cole", "Luc Morel", "Ana Ruiz", "王敏", "李强"}
    assert name in named | {PROFILES[layout.portal]["company"]}
    assert (name in named) == any(person in layout.body for person in named if PROFILES[layout.portal].get("person"))


def test_a_shared_address_is_told_apart_by_what_the_mail_says(merchant: Playbook) -> None:
    address = "ordersender-prod@ariba-like.example"
    for words, company in (("… Helvion AG …", "Helvion AG"), ("NORTHBRIDGE RAIL", "Northbridge Rail plc")):
        found = portal_of(address, merchant, words)
        assert found is not None
        assert found.company == company
    assert portal_of(address, merchant, "a third company") is None
    assert portal_of(address, merchant, "Helvion AG for Northbridge Rail") is None


def test_domains_are_whole_domains(merchant: Playbook) -> None:
    words = "Université d'Oriel"
    assert portal_of("x@eu.jaggaer-like.example", merchant, words) is not None
    assert portal_of("x@JAGGAER-like.example", merchant, words) is not None
    assert portal_of("x@evil-jaggaer-like.example", merchant, words) is None
    assert portal_of("x@jaggaer-like.example.evil.example", merchant, words) is None
    assert portal_of(None, merchant, words) is None


def test_a_bounce_of_a_portal_is_a_bounce(merchant: Playbook) -> None:
    raw = mail("do_not_reply@kestrel.coupa-like.example", "Undeliverable: Re: PO #1234", "Purchase order #1234")
    message = parsed(raw, merchant)
    assert (message.channel, message.nature) == (Channel.EMAIL, MessageNature.BOUNCE)


def test_answers_go_where_the_profile_says_or_nowhere(merchant: Playbook) -> None:
    assert answer_address(merchant.portals["kestrel"]) == "buyers@kestrel.example"
    with pytest.raises(Rejected, match=r"Helvion AG takes no answers by mail\. Answer in the portal itself"):
        answer_address(merchant.portals["helvion"])


GOOD = {"store": "northwind-tools", "company": "A", "company_id": "1", "senders": ["a@b.example"], "subject": "(x)"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"store": "nowhere"}, r"portals\.yaml:\d+: acme\.store: there is no store 'nowhere'"),
        ({"subject": "PO (\\d+"}, r"portals\.yaml:\d+: acme\.subject: .*no regular expression"),
        ({"says": "["}, r"portals\.yaml:\d+: acme\.says: .*no regular expression"),
        ({"body": "PO \\d+"}, r"portals\.yaml:\d+: acme\.body: .*exactly one group"),
        ({"senders": []}, r"portals\.yaml:\d+: acme\.senders"),
        ({"senders": ["b.example"]}, r"portals\.yaml:\d+: acme: .*neither an address nor a domain"),
        ({"subject": None}, r"portals\.yaml:\d+: acme: .*where the purchase order number stands"),
        ({"colour": "red"}, r"portals\.yaml:\d+: acme\.colour"),
    ],
)
def test_a_bad_profile_is_refused_with_file_and_field(change: dict[str, Any], place: str, tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match=place):
        load(folder_with(tmp_path, {"acme": {**GOOD, **change}}))
