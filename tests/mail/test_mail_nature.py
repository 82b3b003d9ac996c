"""Machine or person, by the headers."""

import pytest

from domain.mail_nature import MailFacts, nature_of
from domain.messages import MessageNature

PERSON, AUTO, BOUNCE, BULK = MessageNature.PERSON, MessageNature.AUTO_REPLY, MessageNature.BOUNCE, MessageNature.BULK


@pytest.mark.parametrize(
    ("headers", "nature"),
    [
        ({}, PERSON),
        ({"auto-submitted": "no"}, PERSON),
        ({"auto-submitted": "auto-replied"}, AUTO),
        ({"auto-submitted": "Auto-Generated; owner-email=x"}, AUTO),
        ({"x-autoreply": "yes"}, AUTO),
        ({"x-autoreply": "no"}, PERSON),
        ({"x-autorespond": "away"}, AUTO),
        ({"precedence": "auto_reply"}, AUTO),
        ({"precedence": "junk"}, AUTO),
        ({"precedence": "bulk"}, BULK),
        ({"precedence": "list"}, BULK),
        ({"precedence": "first-class"}, PERSON),
        ({"list-id": "<news.x.example>"}, BULK),
        ({"x-failed-recipients": "a@b.example"}, BOUNCE),
        ({"subject": "Undelivered Mail Returned to Sender"}, BOUNCE),
        ({"subject": "Unzustellbar: Ihre Anfrage"}, BOUNCE),
        ({"subject": "Automatic reply: Order"}, AUTO),
        ({"subject": "Automatische Antwort: Bestellung"}, AUTO),
        ({"subject": "Abwesenheitsnotiz"}, AUTO),
        ({"subject": "Réponse automatique : commande"}, AUTO),
        ({"subject": "Risposta automatica: ordine"}, AUTO),
        ({"subject": "Respuesta automática: pedido"}, AUTO),
        ({"subject": "自动回复：订单"}, AUTO),
        ({"subject": "系统退信"}, BOUNCE),
        ({"subject": "Re: Undelivered Mail Returned to Sender"}, PERSON),
        ({"subject": "Our automatic reply is wrong"}, PERSON),
        ({"subject": "退货 10452"}, PERSON),
        ({"x-auto-response-suppress": "All"}, PERSON),
    ],
)
def test_by_headers(headers: dict[str, str], nature: MessageNature) -> None:
    assert nature_of(MailFacts({name: (value,) for name, value in headers.items()})) is nature


@pytest.mark.parametrize(
    ("facts", "nature"),
    [
        (MailFacts({}, sender="MAILER-DAEMON@x.example"), BOUNCE),
        (MailFacts({}, null_sender=True), AUTO),
        (MailFacts({}, "multipart/report", "delivery-status"), BOUNCE),
        (MailFacts({}, part_types=frozenset({"message/delivery-status"})), BOUNCE),
        (MailFacts({}, "multipart/report", "delivery-status", delivery_actions=frozenset({"failed", "delayed"})), BOUNCE),
        (MailFacts({}, "multipart/report", "delivery-status", delivery_actions=frozenset({"delayed"})), AUTO),
        (MailFacts({}, "multipart/report", "disposition-notification"), AUTO),
        (MailFacts({}, "multipart/report", "feedback-report"), BULK),
        (MailFacts({}, sender="postmaster.anna@x.example"), PERSON),
    ],
)
def test_by_envelope_and_shape(facts: MailFacts, nature: MessageNature) -> None:
    assert nature_of(facts) is nature
