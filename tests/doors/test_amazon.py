"""Buyers of Amazon, by their relay addresses; and what may not be written to them."""

import pytest

from activities.mail.doors.amazon import is_relay_address, objections
from domain.messages import Channel
from domain.playbook import Playbook
from domain.references import ReferenceKind
from tests.doors.letters import mail, parsed

MARKERS = {
    "com": ("Begin message", "End message"),
    "co.uk": ("Begin message", "End message"),
    "de": ("Anfang der Nachricht", "Ende der Nachricht"),
    "fr": ("Commencer le message", "Terminer le message"),
    "it": ("Inizio del messaggio", "Fine del messaggio"),
    "es": ("Inicio del mensaje", "Fin del mensaje"),
    "com.be": ("Begin bericht", "Einde bericht"),
    "cn": ("开始消息", "结束消息"),
}


@pytest.mark.parametrize("country", MARKERS)
def test_a_relayed_message_is_the_buyers_words(country: str, playbook: Playbook) -> None:
    begin, end = MARKERS[country]
    frame = f"You have received a message.\n\n# 205-1234567-7654321:\n\n------------- {begin} -------------\n\n"
    body = f"{frame}Where is it?\n\n-- \nEmma\n\n------------- {end} -------------\n\nTo report this mail …"
    message = parsed(mail(f"Emma <ab12cd@marketplace.amazon.{country}>", "Inquiry from Amazon customer", body), playbook)
    assert message.channel is Channel.MARKETPLACE
    assert message.text == "Where is it?\n\n-- \nEmma"
    assert [(one.kind, one.value) for one in message.named] == [(ReferenceKind.MARKETPLACE_ORDER, "205-1234567-7654321")]
    assert message.conversation == f"ab12cd@marketplace.amazon.{country} 205-1234567-7654321"
    assert message.provider is None


def test_without_markers_the_message_is_kept_whole(playbook: Playbook) -> None:
    raw = mail("ab12@marketplace.amazon.de", "Bestellung 302-1111111-2222222", "Wo bleibt die Ware?")
    message = parsed(raw, playbook)
    assert message.text == "Wo bleibt die Ware?"
    assert message.conversation == "ab12@marketplace.amazon.de 302-1111111-2222222"


@pytest.mark.parametrize(
    "number", ["1302-1111111-2222222", "302-1111111-22222223", "302-111111-2222222", "302-1111111-2222222-1"]
)
def test_numbers_of_another_shape_are_no_order(number: str, playbook: Playbook) -> None:
    message = parsed(mail("ab12@marketplace.amazon.de", f"Frage {number}", "Hallo"), playbook)
    assert message.named == ()
    assert message.conversation == "ab12@marketplace.amazon.de"


@pytest.mark.parametrize(
    "address",
    [
        "a@amazon.com",
        "a@marketplace.amazon.com.evil.example",
        "a@evilmarketplace.amazon.de.example",
        "a@marketplace-amazon.com",
        None,
    ],
)
def test_lookalikes_are_no_relay(address: str | None) -> None:
    assert not is_relay_address(address)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Please look at https://northwind-tools.example/returns", "links"),
        ("See www.northwind.example", "links"),
        ("Find it at northwind-tools.com, please", "web sites"),
        ("Write to support@northwind-tools.example", "e-mail addresses"),
        ("Rufen Sie uns an: +49 40 555 0100", "telephone numbers"),
        ("Use our discount code for your next order", "promotion"),
        ("Als Dank erhalten Sie einen Gutschein", "promotion"),
        ("Voici un code promo", "promotion"),
        ("Le mandiamo un codice sconto", "promotion"),
        ("Le enviamos un cupón", "promotion"),
        ("送您一张优惠券", "promotion"),
        ("We would love a 5-star review", "review"),
        ("x" * 4_001, "4000 characters"),
    ],
)
def test_what_amazon_forbids_is_told_in_words(text: str, what: str) -> None:
    assert any(what in words for words in objections(text))


@pytest.mark.parametrize(
    "text",
    [
        "Your order 205-1234567-7654321 left on 4 March with UPS, tracking 1Z999AA10123456784.",
        "Die Lieferung kommt am 12.03.2026 zwischen 8.00 und 12.00 Uhr, 3,5 kg, 99,00 EUR.",
        "Le remboursement de 1.234,50 € part aujourd'hui. Cordialement, Service clients",
        "您的订单10452已于3月12日发出。",
        "We replace the drill. Serial number NW-2024-00017, invoice INV-10452.",
    ],
)
def test_ordinary_answers_may_go(text: str) -> None:
    assert objections(text) == []
