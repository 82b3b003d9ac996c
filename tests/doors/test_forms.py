"""Mail of the store itself: its contact form, and its notice of a message at an order."""

import pytest

from domain.messages import Channel, MessageNature
from domain.order_messages import message_identity
from domain.playbook import Playbook
from domain.references import Reference, ReferenceKind
from tests.doors.letters import SUPPORT, mail, parsed

ORDER = Reference(kind=ReferenceKind.ORDER, value="10452")

LABELS = {
    "en": ("Full Name", "Email", "Phone Number", "Order #", "Comments/Questions"),
    "de": ("Ihr Name", "E-Mail-Adresse", "Telefon", "Bestellnummer", "Ihre Nachricht"),
    "fr": ("Nom ", "Adresse e-mail ", "Téléphone ", "Numéro de commande ", "Message "),
    "it": ("Nome e cognome", "Indirizzo email", "Telefono", "Numero ordine", "Messaggio"),
    "es": ("Nombre", "Correo electrónico", "Teléfono", "Número de pedido", "Mensaje"),
    "zh": ("姓名", "电子邮箱", "电话", "订单号", "留言"),
}
VALUES = ("Emma Hartley", "emma@b.example", "+44 161 496 0112", "n. 10452", "\n")
FORMS = {
    language: "\n".join(
        f"{label}{'：' if language == 'zh' else ': '}{value}" for label, value in zip(labels, VALUES, strict=True)
    )
    for language, labels in LABELS.items()
}
WORDS = "Two of five boxes are missing.\n\nOrder: see above\nThank you"


@pytest.mark.parametrize("language", FORMS)
@pytest.mark.parametrize("reply_to", [True, False])
def test_a_contact_form_is_the_visitors_message(language: str, reply_to: bool, playbook: Playbook) -> None:
    headers = [("Auto-Submitted", "auto-generated")] + ([("Reply-To", "Emma H <emma@b.example>")] if reply_to else [])
    message = parsed(mail(SUPPORT, "Contact form", FORMS[language] + WORDS, headers=headers), playbook)
    assert message.channel is Channel.FORM
    assert message.nature is MessageNature.PERSON
    assert (message.sender.email, message.sender.phone) == ("emma@b.example", "+441614960112")
    assert message.sender.name == ("Emma H" if reply_to else "Emma Hartley")
    assert message.text == WORDS
    assert message.named == (ORDER,)
    assert message.conversation is None


def test_mail_of_the_store_that_is_no_form_stays_a_mail(playbook: Playbook) -> None:
    message = parsed(mail(SUPPORT, "Copy of our letter", "Dear Ms Hartley,\n\nOrder: 10452 left today.\n"), playbook)
    assert message.channel is Channel.EMAIL


def test_a_strangers_mail_with_fields_is_no_form(playbook: Playbook) -> None:
    body = FORMS["en"] + WORDS
    message = parsed(mail("mallory@evil.example", "Contact", body, headers=[("Reply-To", "x@y.example")]), playbook)
    assert message.channel is Channel.EMAIL
    assert message.named == ()


NOTICES = {
    "en": ("New message about order #10452", "Customer: Emma Hartley\nOrder: #10452\nMessage:\n", "View this message:"),
    "de": ("Neue Nachricht zu Bestellung #10452", "Kunde: Emma Hartley\nBestellung: 10452\nNachricht:\n", "Nachricht ansehen:"),
    "fr": ("Nouveau message sur la commande n° 10452", "Client : Emma Hartley\nCommande : 10452\nMessage :\n", "Voir :"),
    "it": ("Nuovo messaggio per l'ordine 10452", "Cliente: Emma Hartley\nOrdine: 10452\nMessaggio:\n", "Apri il messaggio:"),
    "es": ("Nuevo mensaje del pedido 10452", "Cliente: Emma Hartley\nPedido: 10452\nMensaje:\n", "Ver el mensaje:"),
    "zh": ("订单 10452 有新消息", "客户：Emma Hartley\n订单：10452\n消息：\n", "查看："),
}


def notice(language: str, words: str, order: str = "10452", **more: str) -> bytes:
    subject, head, lead = (part.replace("10452", order) for part in NOTICES[language])
    link = f"https://store-nw1.mybigcommerce.com/manage/orders/{order}/messages"
    headers = [("Auto-Submitted", "auto-generated"), *((name.replace("_", "-"), value) for name, value in more.items())]
    return mail(SUPPORT, subject, f"{head}\n{words}\n\n{lead}\n{link}\n", headers=headers)


@pytest.mark.parametrize("language", NOTICES)
def test_a_notice_of_an_order_message_is_the_message_itself(language: str, playbook: Playbook) -> None:
    words = "Where is the rest?\nI paid “all” of it &  more:\n\nEmma"
    message = parsed(notice(language, words), playbook)
    assert (message.channel, message.nature) == (Channel.FORM, MessageNature.PERSON)
    assert message.text == words
    assert message.sender.name == "Emma Hartley"
    assert message.external_id == message_identity(
        "northwind-tools", "10452", "Where is the rest? I paid “all” of it &amp; more: Emma"
    )
    assert (message.conversation, message.account, message.provider) == ("10452", "northwind-tools", None)
    assert message.named == (ORDER,)


def test_a_notice_gives_nobody_an_address_to_be_answered_at(playbook: Playbook) -> None:
    message = parsed(notice("en", "Please answer me", Reply_To="mallory@evil.example"), playbook)
    assert message.conversation == "10452"
    assert message.sender.email is None


def test_a_notice_of_a_stranger_joins_nothing(playbook: Playbook) -> None:
    raw = notice("en", "hello").replace(b"From: " + SUPPORT.encode(), b"From: mallory@evil.example")
    message = parsed(raw, playbook)
    assert (message.channel, message.conversation) == (Channel.EMAIL, None)


def test_words_without_letters_are_told_apart() -> None:
    assert message_identity("s", "1", "???") != message_identity("s", "1", "👍")
