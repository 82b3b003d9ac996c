"""Megabytes made to keep the doors busy: none takes a second, none raises."""

import time

import pytest

from activities.mail.doors.entering import through_its_door
from domain.messages import Channel, InboundAttachment, InboundMessage, Sender
from domain.playbook import Playbook
from tests.doors.letters import ARRIVED, SUPPORT

SIZE = 1_000_000

RAW = {
    "dashes": ("a@marketplace.amazon.de", "Order", "-" * SIZE),
    "markers": ("a@marketplace.amazon.de", "Order", "----- Begin -----\n" * (SIZE // 18)),
    "blanks after dashes": ("a@marketplace.amazon.de", "Order", "-----x" + " " * SIZE),
    "orders": ("a@marketplace.amazon.de", "Order", "302-1111111-2222222 " * (SIZE // 20)),
    "labels": (SUPPORT, "New message about order 1234", "Name: x\n" * (SIZE // 8)),
    "colons": (SUPPORT, "New message about order 1234", "a" * 50 + ":" * SIZE),
    "links": (SUPPORT, "New message about order 1234", "Message:\n" + "https://x.example/manage/" * (SIZE // 25)),
    "numbers": ("pbx@b.example", "New voicemail", "From: " + "+49 40 1 " * (SIZE // 9)),
    "spaces": ("pbx@b.example", "New voicemail", "From:" + " " * SIZE),
    "portal": ("no-reply@procure.brightwell-construction.example", "Purchase order", "PO number : " * (SIZE // 12)),
}


@pytest.mark.parametrize("kind", RAW)
def test_no_door_is_held_up(kind: str, playbook: Playbook) -> None:
    sender, subject, body = RAW[kind]
    recording = InboundAttachment(filename="vm.wav", content_type="audio/wav", content=b"x")
    message = InboundMessage(
        channel=Channel.EMAIL,
        store="northwind-tools",
        external_id=kind,
        sender=Sender(email=sender),
        subject=subject,
        text=body,
        attachments=(recording,),
        received_at=ARRIVED,
    )
    began = time.process_time()
    through_its_door(message, sender, playbook)
    assert time.process_time() - began < 1.0
