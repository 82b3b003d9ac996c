"""Language, intent and references by rules, in the six languages of the shops."""

import pytest

from domain.references import ReferenceKind, evidence, references_of
from domain.triage import Intent, intents_of, language_of, triage
from simulators.demo_mail import demo_mails

LANGUAGES = ("en", "de", "fr", "it", "es", "zh")


@pytest.mark.parametrize(
    ("text", "language", "intent"),
    [
        ("Hello, where is our order 10452? We have not received it.", "en", Intent.WISMO),
        ("Guten Tag, wo bleibt unsere Bestellung 10411? Bitte um Nachricht.", "de", Intent.WISMO),
        ("Bonjour, où est notre commande 10420 ?", "fr", Intent.WISMO),
        ("Buongiorno, dov'è il nostro ordine 10421?", "it", Intent.WISMO),
        ("Hola, ¿dónde está nuestro pedido 10422?", "es", Intent.WISMO),
        ("你好，订单 10423 什么时候发货？", "zh", Intent.WISMO),
        ("The drill arrived damaged and we want to return it.", "en", Intent.DAMAGED),
        ("Wir möchten die Ware zurücksenden, bitte um eine RMA.", "de", Intent.RETURN),
        ("Pouvez-vous nous envoyer la facture de notre commande ?", "fr", Intent.INVOICE),
        ("Vorremmo un preventivo per 40 lampade, grazie.", "it", Intent.QUOTE),
        ("Queremos cancelar el pedido, gracias.", "es", Intent.CHANGE_ORDER),
        ("Please send your wholesale price list.", "en", Intent.WHOLESALE_PRICE),
        ("Thank you and have a nice day.", "en", Intent.OTHER),
    ],
)
def test_language_and_main_intent(text: str, language: str, intent: Intent) -> None:
    assert language_of(text, LANGUAGES)[0] == language
    assert intents_of(text)[0][0] is intent


def test_too_little_to_tell_is_the_stores_language() -> None:
    assert language_of("10452", ("it", "en")) == ("it", "too short to tell: the store's main language")


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
        read = triage(mail["subject"], mail["text"], LANGUAGES)
        intent = _AS_THE_DEMO_SAYS.get(mail["intent"], mail["intent"])
        assert read.language == mail["language"], mail["subject"]
        assert intent in read.intents, mail["subject"]
