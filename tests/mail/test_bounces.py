"""Mail that did not arrive: told apart from mail that is late, in words, and with the mail it is about."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.mail.delivery_reports import read_reports, report_in_words
from activities.mail.parsing import Envelope, parse_mail
from domain.messages import InboundMessage, MessageNature
from playbook.loader import DEFAULT_FOLDER, load
from tests.mail.bounces import BOUNCES, OURS

PLAYBOOK = load(DEFAULT_FOLDER)


def parse(raw: bytes, sender: str | None = "") -> InboundMessage:
    envelope = Envelope(sender, ("support@northwind-tools.example",))
    return parse_mail(raw, envelope, PLAYBOOK, datetime(2026, 3, 2, tzinfo=UTC), "blob")


@pytest.mark.parametrize("name", BOUNCES)
@pytest.mark.parametrize("sender", ["", None])
def test_the_owner_reads_what_happened(name: str, sender: str | None) -> None:
    """Also from a mailbox, where the envelope is only known by its header Return-Path."""
    bounce = BOUNCES[name]
    raw = bounce.raw if sender == "" else b"Return-Path: <>\r\n" + bounce.raw
    message = parse(raw, sender)
    assert message.nature is bounce.nature
    if bounce.line is None:
        assert not message.text.startswith("Mail to")
    else:
        assert message.text.split("\n")[0] == bounce.line
    if bounce.names_ours:
        assert OURS in message.thread.references


def test_there_are_at_least_thirty_layouts() -> None:
    assert len(BOUNCES) >= 30


@pytest.mark.parametrize(
    "subject",
    [
        "Delivery delayed", "Undelivered parcel", "Delivery failure of order 10452", "No entregado: pedido 10452",
        "未送达的订单", "无法送达", "Nicht zustellbar: Sendung 00340", "Mancato recapito del pacco", "Warning: message follows",
        "Non distribué : colis 10452", "Undeliverable address on label",
    ],
)  # fmt: skip
def test_a_buyer_whose_parcel_did_not_come_is_a_person(subject: str) -> None:
    raw = f"From: anna@acme.example\r\nSubject: {subject}\r\n\r\nWhere is it?".encode()
    assert parse(raw, "anna@acme.example").nature is MessageNature.PERSON
    assert parse(raw, None).nature is MessageNature.PERSON


def test_a_postmaster_may_be_a_person() -> None:
    raw = b"From: postmaster@acme.example\r\nSubject: Re: your mails\r\n\r\nPlease sign them."
    assert parse(raw, "postmaster@acme.example").nature is MessageNature.PERSON


def test_a_bounce_that_a_person_forwards_is_the_persons_mail() -> None:
    inner = BOUNCES["postfix, user unknown"].raw
    raw = (
        b"From: anna@acme.example\r\nSubject: FW: Undelivered Mail\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n"
        b"--zz\r\n\r\nYour mail came back.\r\n--zz\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--zz--\r\n"
    )
    message = parse(raw, "anna@acme.example")
    assert (message.nature, message.text) == (MessageNature.PERSON, "Your mail came back.")


@given(st.text(max_size=2_000))
def test_no_text_makes_reports_raise(text: str) -> None:
    for report in (*read_reports(text), *report_in_words(text, text)):
        assert "\n" not in report.words
