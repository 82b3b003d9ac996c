"""Opening a ticket: its rules asked with what the message says and the store knows, against PostgreSQL and stand-ins."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities._kit.errors import Transient
from activities.bigcommerce.stores import Stores
from activities.records.models import CaseReference, FillContext, MessageReference, OpenedTicket
from activities.records.reading import Reading
from activities.records.tickets import TicketRecords
from activities.understanding.reader import Reader
from domain.messages import Channel, InboundMessage, Sender
from domain.playbook import Playbook
from playbook.loader import DEFAULT_FOLDER
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import Accepted, receive
from tests.activities.conftest import Outside

NORTHWIND, LUMEN = "northwind-tools", "casa-lumen"
EMMA = "emma.hartley@brightwell-construction.example"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("understanding"), DEFAULT_FOLDER / "intents")


class Desk:
    """Takes mails in and opens their tickets. Patient: the judge of each exchange takes longer than the store."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook, stores: Stores, reader: Reader) -> None:
        self.database, self._blobs, self._playbook = database, blobs, playbook
        self.records = TicketRecords(database, RunningPlaybook(playbook), stores, Reading(RunningPlaybook(playbook), reader))

    async def accept(self, subject: str, text: str, email: str, store: str = NORTHWIND, conversation: str = "") -> Accepted:
        message = InboundMessage(
            channel=Channel.CHAT if conversation else Channel.EMAIL,
            store=store,
            external_id=str(uuid4()),
            sender=Sender(email=email),
            subject=subject,
            text=text,
            conversation=conversation or None,
            received_at=datetime.now(UTC),
        )
        return await receive(self.database, self._blobs, self._playbook, message)

    async def open(self, subject: str, text: str, email: str, store: str = NORTHWIND) -> OpenedTicket:
        accepted = await self.accept(subject, text, email, store)
        return await self.records.open_ticket(CaseReference(case_id=accepted.ticket_id, store=store))


@pytest.fixture
def desk(
    database: Database, blobs: Blobs, playbook: Playbook, accounts: Accounts, client: httpx.AsyncClient, reader: Reader
) -> Desk:
    return Desk(database, blobs, playbook, Stores(accounts, RunningPlaybook(playbook), client, look_up_seconds=60), reader)


@pytest.fixture(autouse=True)
def _world(outside: Outside) -> None:
    """Every test of this module has the demo world."""


@pytest.mark.parametrize(
    ("subject", "text", "email", "store", "place"),
    [
        (
            "Quote QN103002",
            "What would the price be for 150 battery packs NW-BAT-5A instead?",
            EMMA,
            NORTHWIND,
            ("sales", "Martin Krause", (), "gold quotes"),
        ),
        (
            "Angebotsanfrage",
            "Bitte senden Sie uns ein Angebot über 20 Sägen NW-SAW-185.",
            "k.vogel@schreinerei-vogel.example",
            NORTHWIND,
            ("sales", None, (), "quotes and prices"),
        ),
        (
            "Ordine 10417",
            "L'ordine 10417 è in ritardo: dove si trova la merce?",
            "giulia.bellini@studiobellini.example",
            LUMEN,
            ("key-accounts", None, (), "Studio Bellini"),
        ),
        (
            "Zweite Mahnung",
            "Warum bekommen wir eine Mahnung zur Bestellung 10408?",
            "k.vogel@schreinerei-vogel.example",
            NORTHWIND,
            ("accounts", None, ("credit",), "credit hold or reminder"),
        ),
        (
            "Laser defective",
            "The laser arrived broken, serial number LAS360-2204-00871. We want a replacement.",
            EMMA,
            NORTHWIND,
            ("returns", None, ("warranty",), "damaged with a serial number"),
        ),
        ("Where is order 10452?", "Where is my order 10452?", EMMA, NORTHWIND, ("delivery", None, (), "where is my order")),
        ("Hello", "Greetings to everybody at the office!", "stranger@nowhere.example", NORTHWIND, ("triage", None, (), None)),
    ],
)
async def test_the_first_rule_that_fits_takes_it(
    desk: Desk, subject: str, text: str, email: str, store: str, place: tuple[str, str | None, tuple[str, ...], str | None]
) -> None:
    routed = (await desk.open(subject, text, email, store)).routed
    assert routed is not None
    assert (routed.queue, routed.owner, routed.tags, routed.rule) == place, routed.reason


async def test_what_only_quoted_text_names_does_not_count(desk: Desk) -> None:
    accepted = await desk.accept("Broken", "The laser is broken and leaks.", EMMA)
    quoted = "The laser is broken and leaks.\n> serial number LAS360-2204-00871"
    async with desk.database.begin() as connection:
        await connection.execute(sql.text("UPDATE messages SET full_text = :quoted"), {"quoted": quoted})
    opened = await desk.records.open_ticket(CaseReference(case_id=accepted.ticket_id, store=NORTHWIND))
    assert [reference.value for reference in opened.references] == ["LAS360-2204-00871"]
    assert opened.routed is not None
    assert opened.routed.rule == "returns and warranty"


async def test_a_companys_own_tier_beats_its_group(desk: Desk) -> None:
    opened = await desk.open("订单10413 何时到货？", "我们的订单 10413 目前在哪里？", "li.wei@hongtai-engineering.example")
    assert (opened.context.company_id, opened.context.tier) == ("503", "silver"), "its group is standard"


async def test_a_later_message_tells_company_and_tier(desk: Desk) -> None:
    first = await desk.accept("Hello", "Good morning", "a@nowhere.example", conversation="chat-1")
    opened = await desk.records.open_ticket(CaseReference(case_id=first.ticket_id, store=NORTHWIND))
    assert (opened.context.company, opened.context.tier) == (None, None)
    later = await desk.accept("", "It is about order 10452", "a@nowhere.example", conversation="chat-1")
    assert later.ticket_id == first.ticket_id
    reference = MessageReference(case_id=first.ticket_id, message_id=later.message_id, store=NORTHWIND)
    facts = await desk.records.read_message(reference)
    assert (facts.company, facts.tier) == ("Brightwell Construction Ltd", "gold")


async def test_a_store_that_was_silent_is_asked_again_and_so_are_the_rules(desk: Desk, outside: Outside) -> None:
    outside.arm("bigcommerce", "*", "error_500", count=200)
    accepted = await desk.accept("Quote QN103002", "A quote for 150 battery packs NW-BAT-5A, please.", EMMA)
    opened = await desk.records.open_ticket(CaseReference(case_id=accepted.ticket_id, store=NORTHWIND))
    assert not opened.context.store_answered
    assert opened.routed is not None
    assert opened.routed.rule == "quotes and prices"
    wanted = FillContext(case_id=accepted.ticket_id, store=NORTHWIND)
    with pytest.raises(Transient):
        await desk.records.fill_context(wanted)
    outside.disarm()
    routed = (await desk.records.fill_context(wanted)).routed
    assert routed is not None
    assert (routed.rule, routed.owner) == ("gold quotes", "Martin Krause")
