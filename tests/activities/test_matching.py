"""Each reference of a message looked up in the store, with its evidence, and whose company it is."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities.bigcommerce.looking_up import MOST_LOOK_UPS
from activities.bigcommerce.matching import order_of_invoice, purchase_order_core, sku_of_serial
from activities.bigcommerce.models import KnownReturn, LookUp, Match, MatchState, OrderContext
from activities.bigcommerce.stores import LOOK_UP_SECONDS, Stores
from domain.playbook import Playbook
from domain.reference_kinds import ReferenceKind
from domain.references import MessagePart, NamedReference, read_references
from playbook.running import RunningPlaybook
from simulators.demo_mail import demo_mails
from storage.cases import orders_of_returns
from storage.engine import Database
from storage.tables import cases
from tests.activities.conftest import Outside

STORE = "northwind-tools"
EMMA = "emma.hartley@brightwell-construction.example"
TOM = "tom.okafor@brightwell-construction.example"
KLAUS = "k.vogel@schreinerei-vogel.example"


@pytest.fixture(autouse=True)
def _world(outside: Outside) -> None:
    """Every test of this module has the demo world."""


class Desk:
    """Reads a message as the product does and looks up what it names."""

    def __init__(self, stores: Stores, playbook: Playbook) -> None:
        self._stores = stores
        self._playbook = playbook

    async def look_up(self, text: str, email: str | None = None, store: str = STORE, **more: Any) -> OrderContext:
        parts = {MessagePart.TEXT: text, **more.pop("parts", {})}
        references = read_references(parts, self._playbook.stores[store].references)
        return await self._stores.look_up(LookUp(store=store, references=references, email=email, **more))


@pytest.fixture
def desk(accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient) -> Desk:
    """Patient: the judge of each exchange takes longer than the store."""
    return Desk(Stores(accounts, RunningPlaybook(playbook), client, look_up_seconds=60), playbook)


def _only(context: OrderContext, kind: ReferenceKind) -> Match:
    (match,) = [match for match in context.matches if match.kind is kind]
    return match


async def test_the_hard_mail_of_the_demo(desk: Desk) -> None:
    mail = demo_mails()[0]
    context = await desk.look_up(mail["text"], mail["sender"], parts={MessagePart.SUBJECT: mail["subject"]})
    assert (context.about, context.missing, context.store_answered) == (("10401", "10402", "10403"), (), True)
    assert {order.order_id for order in context.orders} == set(context.about)
    found = {(match.kind, match.value): match for match in context.matches}
    assert len(found) == len(context.matches) == 9
    assert all(match.state is MatchState.FOUND for match in context.matches)
    for number, order_id in (("PO-77120", "10401"), ("PO-77121", "10402"), ("PO-77135", "10403")):
        match = found[ReferenceKind.PURCHASE_ORDER, number]
        assert (match.order_ids, match.score) == ((order_id,), 100)
        assert match.words == f"{number} is order {order_id} of Brightwell Construction Ltd."
    skus = {match.value: match.order_ids for match in context.matches if match.kind is ReferenceKind.SKU}
    assert skus == {
        "NW-SAW-185": ("10401",),
        "NW-BIT-40": ("10401", "10403"),
        "NW-LAS-360": ("10402",),
        "NW-CHG-2X": ("10402",),
        "NW-BAT-5A": ("10403",),
    }
    serial = found[ReferenceKind.SERIAL, "LAS360-2204-00871"]
    assert serial.order_ids == ("10402",)
    assert serial.words == "LAS360-2204-00871 is a NW-LAS-360, which stands on order 10402."
    assert context.company is not None
    assert context.company.company_id == "501"


async def test_every_demo_mail_is_about_the_orders_its_writer_meant(desk: Desk) -> None:
    for mail in demo_mails():
        store = "northwind-tools" if "northwind" in mail["to"] else "casa-lumen"
        parts = {MessagePart.SUBJECT: mail["subject"]}
        context = await desk.look_up(mail["text"], mail["sender"], store, parts=parts)
        wanted = {str(order_id) for order_id in mail["orders"]}
        # A reply that names nothing is known by its thread, not by its references.
        if not mail.get("in_reply_to"):
            assert set(context.about) >= wanted, mail["subject"]
            assert set(context.about) - wanted <= {"10411"}, mail["subject"]
            assert context.company is not None


@pytest.mark.parametrize(
    ("text", "kind", "order_ids", "words"),
    [
        ("order 10452", "order", ("10452",), "Order 10452 is one of Brightwell Construction Ltd."),
        ("our PO# 77144", "purchase_order", ("10452",), "PO# 77144 is order 10452 of Brightwell Construction Ltd."),
        ("采购单号HT-20261119", "purchase_order", ("10415",), "HT-20261119 is order 10415 of Hongtai Engineering Co., Ltd."),
        ("invoice INV-10406", "invoice", ("10406",), "INV-10406 is the invoice of order 10406 of Brightwell Construction Ltd."),
        ("Rechnung Nr. 10408", "invoice", ("10408",), "10408 is the invoice of order 10408 of Schreinerei Vogel GmbH."),
        ("quote QN103002", "quote", (), "QN103002 is a quote for Brightwell Construction Ltd, not ordered yet."),
        ("QN999999", "quote", None, "QN999999 is not known to Northwind Tools."),
        ("PO-99999", "purchase_order", None, "PO-99999 is not known to Northwind Tools."),
        ("INV-99999", "invoice", None, "INV-99999 is not known to Northwind Tools."),
        ("112-4738291-5047863", "marketplace_order", None, "112-4738291-5047863 is not known to Northwind Tools."),
        ("RMA-1099", "rma", None, "RMA 1099 is not known to Northwind Tools."),
    ],
)
async def test_one_reference(desk: Desk, text: str, kind: str, order_ids: tuple[str, ...] | None, words: str) -> None:
    context = await desk.look_up(text)
    match = _only(context, ReferenceKind(kind))
    assert match.words == words
    assert match.state is (MatchState.UNKNOWN if order_ids is None else MatchState.FOUND)
    assert match.order_ids == context.about == (order_ids or ())
    assert (match.score > 50) == (order_ids is not None)


async def test_a_quote_that_became_an_order(desk: Desk) -> None:
    context = await desk.look_up("preventivo QN103001", store="casa-lumen")
    assert _only(context, ReferenceKind.QUOTE).words == "QN103001 is order 10420 of Studio Bellini S.r.l."
    assert context.about == ("10420",)


async def test_a_return_of_ours(desk: Desk, database: Database) -> None:
    lines = [{"order_id": order_id, "line_id": "1", "quantity": 1} for order_id in ("10400", "10401", "10400")]
    row = {"id": uuid4(), "process": "rma", "workflow_id": f"rma-{uuid4()}", "store": STORE, "title": "Return"}
    row |= {"status": "open", "stage": "open", "start": {"lines": lines}}
    async with database.begin() as connection:
        number = str(await connection.scalar(sql.insert(cases).values(row).returning(cases.c.number)))
        assert await orders_of_returns(connection, "casa-lumen", [number]) == {}
        found = await orders_of_returns(connection, STORE, [number, "1", "9" * 40, "x", "١"])
    assert found == {number: ("10400", "10401")}
    returns = tuple(KnownReturn(number=key, order_ids=order_ids) for key, order_ids in found.items())
    context = await desk.look_up(f"RMA-{number}", returns=returns)
    match = _only(context, ReferenceKind.RMA)
    assert match.order_ids == context.about == ("10400", "10401")
    assert match.score == 100


async def test_a_marketplace_order(desk: Desk, outside: Outside) -> None:
    outside.reset(lambda world: _order(world, 10405).update(external_id="112-4738291-5047863"))
    context = await desk.look_up("Amazon 112-4738291-5047863")
    assert context.about == ("10405",)


async def test_a_parcel_is_found_in_the_orders_of_its_buyer_only(desk: Desk) -> None:
    parcel = "tracking 1Z7E42A86810000404"
    context = await desk.look_up(parcel, TOM)
    assert (
        _only(context, ReferenceKind.TRACKING).words
        == "1Z7E42A86810000404 is a parcel of order 10404 of Brightwell Construction Ltd."
    )
    assert context.about == ("10404",)
    assert [order.order_id for order in context.orders] == ["10404"]
    stranger = await desk.look_up(parcel, KLAUS)
    match = _only(stranger, ReferenceKind.TRACKING)
    assert match.state is MatchState.UNKNOWN
    assert match.words.endswith("the store cannot be searched by parcel number.")
    assert stranger.about == ()


async def test_a_parcel_of_another_order_of_the_buyer_joins_what_is_named(desk: Desk) -> None:
    context = await desk.look_up("order 10452, and UPS 1Z7E42A86810000404?", TOM)
    assert set(context.about) == {"10452", "10404"}
    assert {order.order_id for order in context.orders} == {"10452", "10404"}


async def test_what_is_unknown_stays_named_and_the_buyers_orders_are_shown(desk: Desk) -> None:
    context = await desk.look_up("order 19999", TOM)
    match = _only(context, ReferenceKind.ORDER)
    assert (match.state, match.words) == (MatchState.UNKNOWN, "Order 19999 is not known to Northwind Tools.")
    assert context.missing == (match.words,)
    assert context.orders
    assert context.about == ()
    assert context.company is not None


async def test_the_only_order_of_a_sender_who_names_none(desk: Desk, outside: Outside) -> None:
    mail = "priya.shah@brightwell-construction.example"
    context = await desk.look_up("Where is it?", mail)
    assert context.about == ("10406",)
    (match,) = context.matches
    assert (match.kind, match.order_ids, match.score) == (None, ("10406",), 30)
    several = await desk.look_up("Where is it?", EMMA)
    assert (several.about, several.matches) == ((), ())
    assert len(several.orders) > 1


async def test_quoted_orders_count_only_where_nothing_else_is_named(desk: Desk) -> None:
    quoted = {MessagePart.QUOTED: "> order 10407 was shipped"}
    assert (await desk.look_up("Any news?", parts=quoted)).about == ("10407",)
    context = await desk.look_up("Any news about order 10452?", parts=quoted)
    assert context.about == ("10452",)
    scores = {match.value: match.score for match in context.matches}
    assert scores == {"10452": 100, "10407": 80}


async def test_no_more_than_so_many_are_looked_up(desk: Desk, outside: Outside) -> None:
    numbers = [str(number) for number in range(10401, 10416)]
    context = await desk.look_up(f"orders {', '.join(numbers)}")
    states = [match.state for match in context.matches]
    assert states.count(MatchState.FOUND) == MOST_LOOK_UPS
    left = [match for match in context.matches if match.state is MatchState.UNANSWERED]
    assert left[0].words == "Order 10413 was not looked up: only the first 12 references of a message are."
    assert context.store_answered
    assert len(outside.calls("order")) == MOST_LOOK_UPS
    purchases = await desk.look_up(" ".join(f"PO-{number}" for number in range(77000, 77050)))
    assert len(outside.calls("invoices")) == MOST_LOOK_UPS
    assert len(outside.calls("b2b_orders")) == 1
    assert purchases.about == ()


async def test_another_store_knows_the_number_of_this_buyer(desk: Desk, outside: Outside) -> None:
    carmen = "carmen.ortega@iluminacion-duero.example"
    context = await desk.look_up("order 10427", carmen)
    words = "Order 10427 is not known to Northwind Tools. Casa Lumen has an order 10427 of this sender."
    assert _only(context, ReferenceKind.ORDER).words == words
    assert words in context.missing
    assert context.orders == ()
    stranger = await desk.look_up("order 10427", TOM)
    assert _only(stranger, ReferenceKind.ORDER).words == "Order 10427 is not known to Northwind Tools."


def _order(world: dict[str, Any], order_id: int) -> dict[str, Any]:
    return next(order for order in world["orders"] if order["id"] == order_id)


def _three_companies(world: dict[str, Any]) -> None:
    """Tom buys for three companies: an order for each, and a purchase order number that two companies use."""
    tom = next(contact for contact in world["contacts"] if contact["id"] == 1002)
    tom["further_companies"] = [502, 503]
    _order(world, 10404)["company"] = 502
    _order(world, 10405)["company"] = 503
    _order(world, 10408)["po_number"] = "PO-77144"


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("order 10452", "501"),
        ("order 10404", "502"),
        ("order 10405", "503"),
        ("PO-77140", "502"),
        ("PO 77051", "503"),
        ("INV-10404", "502"),
        ("invoice INV-10405", "503"),
        ("UPS 1Z7E42A86810000405", "503"),
    ],
)
async def test_a_contact_of_three_companies(desk: Desk, outside: Outside, text: str, company: str) -> None:
    outside.reset(_three_companies)
    context = await desk.look_up(text, TOM)
    assert context.company is not None
    assert context.company.company_id == company


async def test_a_contact_of_three_companies_who_names_no_order(desk: Desk, outside: Outside) -> None:
    outside.reset(_three_companies)
    context = await desk.look_up("Please call me.", TOM)
    assert (context.company, context.about) == (None, ())
    (words,) = context.missing
    assert words.startswith("The sender buys for ")
    assert words.endswith("; no order is named that tells for which.")
    for name in ("Brightwell Construction Ltd", "Schreinerei Vogel GmbH", "Hongtai Engineering Co., Ltd."):
        assert name in words


async def test_orders_of_two_companies_choose_none(desk: Desk, outside: Outside) -> None:
    outside.reset(_three_companies)
    context = await desk.look_up("orders 10404 and 10405", TOM)
    assert context.company is None
    names = "Schreinerei Vogel GmbH, Hongtai Engineering Co., Ltd."
    assert context.missing == (f"The orders named are of {names}: no company was chosen.",)


async def test_a_purchase_order_number_that_two_companies_use(desk: Desk, outside: Outside) -> None:
    def shared(world: dict[str, Any]) -> None:
        _order(world, 10408)["po_number"] = "PO-77144"

    outside.reset(shared)
    own = await desk.look_up("PO-77144", KLAUS)
    assert own.about == ("10408",)
    assert own.company is not None
    assert own.company.company_id == "502"
    anybody = await desk.look_up("PO-77144", "nobody@brightwell-construction.example")
    assert set(anybody.about) == {"10408", "10452"}
    assert anybody.company is None
    assert _only(anybody, ReferenceKind.PURCHASE_ORDER).score == 70


async def test_a_mail_domain_chooses_no_company(desk: Desk) -> None:
    context = await desk.look_up("Hello", "new.colleague@brightwell-construction.example")
    assert context.company is None
    assert context.missing == ("The sender is not known to Northwind Tools.",)


@pytest.mark.parametrize("operation", ["invoices", "b2b_orders", "quotes", "orders", "companies", "order"])
async def test_what_is_not_answered_is_said(desk: Desk, outside: Outside, operation: str) -> None:
    outside.arm("bigcommerce", operation, "error_500", count=20)
    context = await desk.look_up("order 10452, PO-99999, QN103002, 112-4738291-5047863", TOM)
    states = {match.kind: match.state for match in context.matches}
    broken = {
        "invoices": {ReferenceKind.PURCHASE_ORDER},
        "b2b_orders": {ReferenceKind.PURCHASE_ORDER},
        "companies": {ReferenceKind.PURCHASE_ORDER},
        "quotes": {ReferenceKind.QUOTE},
        "orders": {ReferenceKind.MARKETPLACE_ORDER},
        "order": {ReferenceKind.ORDER},
    }[operation]
    assert {kind for kind, state in states.items() if state is MatchState.UNANSWERED} == broken
    assert not context.store_answered
    assert context.missing[-1].startswith("The store did not answer; ")


async def test_a_slow_store_is_not_waited_for(
    accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient, outside: Outside
) -> None:
    outside.arm("bigcommerce", "invoices", "slow", count=20, seconds=2)
    desk = Desk(Stores(accounts, RunningPlaybook(playbook), client, look_up_seconds=0.5), playbook)
    started = time.monotonic()
    context = await desk.look_up("order 10452 and PO-77120", TOM)
    assert time.monotonic() - started < LOOK_UP_SECONDS / 2
    states = {match.kind: match.state for match in context.matches}
    assert states[ReferenceKind.PURCHASE_ORDER] is MatchState.UNANSWERED
    assert not context.store_answered


async def test_no_match_carries_what_the_customer_wrote(desk: Desk) -> None:
    context = await desk.look_up("Our secret plan {value} {0}: order 10452, PO-77120 and NW-SAW-185", TOM)
    words = " ".join(match.words for match in context.matches)
    assert "secret" not in words
    assert "Okafor" not in words
    assert TOM not in words


def test_numbers_as_the_shop_writes_them() -> None:
    assert order_of_invoice("inv-10406", "INV-{order_id}") == "10406"
    assert order_of_invoice("R/10406/26", "R/{order_id}/26") == "10406"
    assert order_of_invoice("10406", "INV-{order_id}") == "10406"
    assert order_of_invoice("INV-A1", "INV-{order_id}") is None
    assert purchase_order_core("PO# 77120") == "77120"
    assert purchase_order_core("P.O. 77120") == "77120"
    assert purchase_order_core("POL-1") == "L-1"
    assert purchase_order_core("B-2026-311") == "B-2026-311"
    assert sku_of_serial("las360-22-1", {"LAS": "OTHER", "LAS360": "NW-LAS-360"}) == "NW-LAS-360"
    assert sku_of_serial("X1", {"LAS": "OTHER"}) is None


async def test_references_that_nobody_could_look_up(stores: Stores) -> None:
    hostile = NamedReference(kind=ReferenceKind.ORDER, value="10452/../10400", part=MessagePart.TEXT, score=90)
    context = await stores.look_up(LookUp(store=STORE, references=(hostile,)))
    assert context.matches[0].state is MatchState.UNKNOWN
