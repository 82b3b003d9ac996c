"""Mail to an address in place of a person, and the reminders to those a case waits for."""

from typing import Any

import pytest

from activities.mail.models import OutgoingMail, StaffNotice
from activities.mail.templates import Templates
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from tests.mail.post_office import STORE, World

DEADLINE = {"case": "Ticket 1001", "clock": "first response", "due_at": "2026-03-02 10:00 UTC", "owner": "nobody"}
ORDERS: list[list[str]] = [[], ["10452"], ["10452", "10460"]]

CHASED = {
    "en": ("We wrote to you about your request and", "about your order 10452 and", "about your orders 10452, 10460 and"),
    "de": ("zu Ihrer Anfrage geschrieben", "zu Ihrer Bestellung 10452 geschrieben", "zu Ihren Bestellungen 10452, 10460 "),
    "fr": ("de votre demande et", "de votre commande 10452 et", "de vos commandes 10452, 10460 et"),
    "it": ("riguardo alla sua richiesta e", "al suo ordine 10452 e", "ai suoi ordini 10452, 10460 e"),
    "es": ("sobre su consulta y", "sobre su pedido 10452 y", "sobre sus pedidos 10452, 10460 y"),
    "zh": ("就您的问题联系", "就您的订单 10452联系", "就您的订单 10452、10460联系"),
}
GREETED = {
    "en": "Hello Anna Berg,",
    "de": "Guten Tag Anna Berg,",
    "fr": "Bonjour Anna Berg,",
    "it": "Buongiorno Anna Berg,",
    "es": "Hola, Anna Berg:",
    "zh": "Anna Berg，您好！",
}


def text_of(world: World) -> str:
    return world.sink.mails[-1].get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("template", ["deadline_missed", "deadline_warning"])
async def test_an_address_is_told_once_and_greeted_without_a_name(world: World, template: str) -> None:
    notice = StaffNotice(
        op_key="n", case_id=world.ticket, person="desk@northwind-tools.example", template=template, facts=DEADLINE
    )
    first = await world.mailer.tell_staff(notice)
    assert await world.make().tell_staff(notice) == first
    assert world.sink.recipients == ["desk@northwind-tools.example"]
    text = text_of(world)
    assert text.startswith("Hello,\n\nThe first response of Ticket 1001")
    assert "None" not in text


@pytest.mark.parametrize("language", CHASED)
@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_customer_is_reminded(world: World, language: str, count: int) -> None:
    mail = OutgoingMail(
        op_key=f"chase.{language}", case_id=world.ticket, store=STORE, language=language, thread_id=world.ticket,
        template="chase_customer", facts={"orders": ORDERS[count]},
    )  # fmt: skip
    await world.mailer.send(mail)
    text = text_of(world)
    assert text.startswith(GREETED[language])
    assert CHASED[language][count] in text
    assert world.sink.mails[-1]["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize("language", CHASED)
@pytest.mark.parametrize("orders", ORDERS)
def test_a_reminder_without_a_thread_has_a_subject_of_its_own(playbook: Playbook, language: str, orders: list[str]) -> None:
    facts: dict[str, Any] = {"name": None, "orders": orders, "store_title": "Northwind Tools"}
    text = Templates(RunningPlaybook(playbook)).render("chase_customer", (language,), facts)
    assert text.language == language
    assert all(order in text.subject for order in orders)
    assert ("Northwind Tools" in text.subject) is not bool(orders)


@pytest.mark.parametrize(
    ("person", "address", "greeting"),
    [
        ("Nadia Haddad", "nadia.haddad@northwind-tools.example", "Hello Nadia Haddad,"),
        ("claims@supplier.example", "claims@supplier.example", "Hello,"),
    ],
)
async def test_a_colleague_or_a_suppliers_address_is_reminded(world: World, person: str, address: str, greeting: str) -> None:
    facts = {"case": "Ticket 1001: invoice, order 10452", "party": "finance", "owner": "Emma Clarke"}
    notice = StaffNotice(op_key="c", case_id=world.ticket, person=person, template="chase_colleague", facts=facts)
    await world.mailer.tell_staff(notice)
    (out,) = world.sink.mails
    assert out["To"] == address
    assert out["Subject"] == "Ticket 1001: invoice, order 10452: still waiting for finance"
    text = text_of(world)
    assert text.startswith(
        f'{greeting}\n\nTicket 1001: invoice, order 10452 ("Where is it?", Northwind Tools) is still waiting'
    )
    assert "Its owner is Emma Clarke." in text
