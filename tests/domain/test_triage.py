"""Intents and references by words alone, in the six languages of the shops."""

import pytest

from domain.references import ReferenceKind, evidence, references_of
from domain.triage import Intent, intents_of
from simulators.demo_mail import demo_mails


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hello, where is our order 10452? We have not received it.", Intent.WISMO),
        ("Guten Tag, wo bleibt unsere Bestellung 10411? Bitte um Nachricht.", Intent.WISMO),
        ("Bonjour, où est notre commande 10420 ?", Intent.WISMO),
        ("Buongiorno, dov'è il nostro ordine 10421?", Intent.WISMO),
        ("Hola, ¿dónde está nuestro pedido 10422?", Intent.WISMO),
        ("你好，订单 10423 什么时候发货？", Intent.WISMO),
        ("The drill arrived damaged and we want to return it.", Intent.DAMAGED),
        ("Wir möchten die Ware zurücksenden, bitte um eine RMA.", Intent.RETURN),
        ("Pouvez-vous nous envoyer la facture de notre commande ?", Intent.INVOICE),
        ("Vorremmo un preventivo per 40 lampade, grazie.", Intent.QUOTE),
        ("Queremos cancelar el pedido, gracias.", Intent.CHANGE_ORDER),
        ("Please send your wholesale price list.", Intent.WHOLESALE_PRICE),
        ("Thank you and have a nice day.", Intent.OTHER),
    ],
)
def test_main_intent(text: str, intent: Intent) -> None:
    assert intents_of(text)[0][0] is intent


def test_one_mail_many_references_each_once() -> None:
    found = references_of(
        "PO 4711-A, PO-4712 and PO# 4713; SKUs NT-DRILL-18V, NT-SAW-190 (again NT-DRILL-18V). Order 10452, invoice INV-10452. "
        "Serial no. SN: NW-8831-77. Tracking 1Z999AA10123456784, RMA-1003."
    )
    by_kind = {kind: [one.value for one in found if one.kind is kind] for kind in ReferenceKind}
    assert by_kind[ReferenceKind.PURCHASE_ORDER] == ["PO 4711-A", "PO-4712", "PO# 4713"]
    assert by_kind[ReferenceKind.SKU] == ["NT-DRILL-18V", "NT-SAW-190"]
    assert by_kind[ReferenceKind.ORDER] == ["10452"]
    assert by_kind[ReferenceKind.INVOICE] == ["INV-10452"]
    assert by_kind[ReferenceKind.SERIAL] == ["NW-8831-77"]
    assert by_kind[ReferenceKind.TRACKING] == ["1Z999AA10123456784"]
    assert by_kind[ReferenceKind.RMA] == ["1003"]


def test_evidence_is_the_place_where_it_stands() -> None:
    said = ["Hello", "We still wait for order 10452 and its saws."]
    assert evidence("10452", said) == "till wait for order 10452 and its saws."
    assert evidence("10999", said) is None


_AS_THE_DEMO_SAYS = {"change": "change_order", "cancel": "change_order", "credit": "invoice", "wholesale": "wholesale_price"}


def test_the_demo_mails_are_read_as_their_writers_meant_them() -> None:
    for mail in demo_mails():
        intents, _ = intents_of(f"{mail['subject']}\n{mail['text']}")
        assert _AS_THE_DEMO_SAYS.get(mail["intent"], mail["intent"]) in intents, mail["subject"]
