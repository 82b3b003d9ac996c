"""Mails that nobody should send, each of which must be answered clearly and be lost by nobody."""

import smtplib

import pytest

from tests.stack.clients import NORTHWIND_ADDRESS, Api, MailDoor, unique, write_mail
from tests.stack.running import until

SENDER = "odd@customer.example"
THIRTY_MEGABYTES = 30 * 1024 * 1024

pytestmark = pytest.mark.stack

HEAD = f"From: {SENDER}\r\nTo: {NORTHWIND_ADDRESS}\r\n"
BAD_MAILS = {
    "unknown charset": b"Subject: %s\r\nContent-Type: text/plain; charset=x-klingon-8\r\n\r\nThe drill is broken \xe9\r\n",
    "no body": b"Subject: %s\r\n\r\n",
    "broken parts": b'Subject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--c\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n=?!not base64\r\n",
    "bytes in headers": b"Subject: %s \xff\xfe\r\nContent-Type: ;;;\r\nDate: yesterday\r\nMessage-ID: <<>>\r\n\r\nHello\r\n",
}


@pytest.mark.parametrize("kind", BAD_MAILS)
def test_odd_mail_becomes_a_ticket(api: Api, door: MailDoor, kind: str) -> None:
    word = unique()
    code, words = door.send_raw(HEAD.encode() + BAD_MAILS[kind] % word.encode(), SENDER)
    assert code == 250, words
    ticket = api.only(word)
    assert ticket["status"] == "open"
    assert ticket["owner"]
    assert len(ticket["messages"]) == 1
    if kind == "unknown charset":
        assert "The drill is broken" in ticket["messages"][0]["text"]


def test_wholly_empty_mail_becomes_a_ticket(api: Api, door: MailDoor) -> None:
    code, words = door.send_raw(b"", SENDER)
    assert code == 250, words
    message_id = words.split()[-1]

    def ticket_of_message() -> str | None:
        newest = sorted(api.listed(status="open"), key=lambda item: -item["number"])[:5]
        shown = [api.ticket(item["id"]) for item in newest]
        return next((ticket["id"] for ticket in shown if ticket["messages"][0]["id"] == message_id), None)

    ticket = api.opened(until(ticket_of_message, "a ticket with the empty mail"))
    assert ticket["status"] == "open"
    assert ticket["title"]


def test_mail_of_30_megabytes_is_refused_with_words(api: Api, door: MailDoor) -> None:
    word = unique()
    mail = write_mail(f"Photographs {word}", "See the files.", SENDER)
    mail.add_attachment(bytes(THIRTY_MEGABYTES), maintype="image", subtype="tiff", filename="all.tiff")
    with door.open() as connection, pytest.raises(smtplib.SMTPSenderRefused) as announced:
        connection.send_message(mail)
    assert announced.value.smtp_code == 552
    assert b"larger than the 25 MB" in announced.value.smtp_error

    code, words = door.send_raw(mail.as_bytes(), SENDER)
    assert code == 552
    assert "larger than the 25 MB" in words
    assert api.found(word) == []

    door.send(write_mail(f"Photographs {word}", "Now without the files.", SENDER))
    assert len(api.only(word)["messages"]) == 1
