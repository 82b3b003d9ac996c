"""All that is known of an order: the hard one of the demo world line by line, and what stays while somebody does not answer."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, Transient
from activities.bigcommerce.stores import Stores, UnknownOrder
from activities.carriers.tracking import Tracking
from activities.records.order_reading import OrderReading
from activities.records.order_record import OrderRecord
from domain.tracking import ParcelStatus
from tests.activities.conftest import Outside

STORE = "northwind-tools"
HARD = "10452"


@pytest.fixture
def reading(stores: Stores, accounts: Accounts, client: httpx.AsyncClient, outside: Outside) -> OrderReading:
    return OrderReading(stores, Tracking(accounts, client))


async def test_three_waves_two_carriers_a_backorder_and_a_substitute(reading: OrderReading) -> None:
    record = await reading.read(STORE, HARD, None)
    assert len(record.order.shipments) == len(record.parcels) == 3
    assert {parcel.carrier for parcel in record.parcels.values()} == {"ups", "dhl"}
    statuses = [record.parcels[shipment.tracking_number].status for shipment in record.order.shipments]
    assert statuses[0] is ParcelStatus.DELIVERED
    assert ParcelStatus.DELIVERED not in statuses[1:]
    assert all(record.parcels[shipment.tracking_number].window for shipment in record.order.shipments[1:])
    backorder, substitute = record.line_notes
    assert backorder.expected_on is not None
    assert (backorder.substitute_sku, substitute.substitute_sku) == (None, "NW-CHG-4X")
    assert {backorder.line_id, substitute.line_id} < {line.line_id for line in record.order.lines}
    assert record.company is not None
    assert (record.company.name, record.company.payment_terms_days) == ("Brightwell Construction Ltd", 30)
    assert all(told.as_of is not None and told.unread is None for told in record.told.values())


async def test_an_invoice_says_what_is_still_due(reading: OrderReading) -> None:
    record = await reading.read(STORE, "10401", None)
    invoice = record.invoices[0]
    assert (invoice.number, invoice.status, invoice.open) == ("INV-10401", "open", invoice.total)
    assert invoice.due_on is not None
    assert invoice.open > Decimal(0)


async def test_what_was_paid_of_an_invoice(reading: OrderReading) -> None:
    paid = (await reading.read(STORE, "10400", None)).invoices[0]
    assert [receipt.amount for receipt in paid.receipts] == [paid.total - paid.open] == [Decimal("1497.60")]
    assert paid.receipts[0].reference.startswith("TR-")
    assert (await reading.read(STORE, "10401", None)).invoices[0].receipts == ()


async def test_the_quote_an_order_came_from_and_what_was_said_in_it(reading: OrderReading) -> None:
    quote = (await reading.read("casa-lumen", "10420", None)).quotes[0]
    assert (quote.number, quote.status, quote.sales_representative) == ("QN103001", "ordered", "Paolo Conti")
    assert [said.by for said in quote.messages] == ["Customer: Giulia Bellini", "Sales rep: Paolo Conti"]
    assert quote.expires_at is not None


async def test_what_the_buyer_may_do_in_the_company(reading: OrderReading, outside: Outside) -> None:
    def buys_for_two(world: dict[str, Any]) -> None:
        contact = next(one for one in world["contacts"] if one["id"] == 2001)
        order = next(one for one in world["orders"] if one["id"] == 10420)
        companies = (one["id"] for one in world["companies"] if one["store"] == "casa-lumen")
        other = next(one for one in companies if one != contact["company"])
        contact["further_companies"], order["company"] = [other], other

    assert (await reading.read("casa-lumen", "10420", None)).buyer_role in ("Admin", "Senior Buyer", "Junior Buyer")
    outside.reset(buys_for_two)
    assert (await reading.read("casa-lumen", "10420", None)).buyer_role is None, "that role is of the other company"


async def test_a_company_that_pays_no_tax(reading: OrderReading, outside: Outside) -> None:
    exempt = next(one["id"] for one in outside.held("bigcommerce", "customers") if one["tax_exempt_category"])
    order = next(one for one in outside.held("bigcommerce", "orders") if one["customer_id"] == exempt)
    assert (await reading.read(order["store"], str(order["id"]), None)).tax_exempt


@pytest.mark.parametrize(
    ("operation", "provider", "part"),
    [
        ("company", "bigcommerce", "company"),
        ("invoices", "bigcommerce", "invoices"),
        ("quotes", "bigcommerce", "quotes"),
        ("receipt_lines", "bigcommerce", "invoices"),
        ("users", "bigcommerce", "buyer"),
        ("metafields", "bigcommerce", "line_notes"),
        ("customers", "bigcommerce", "tax"),
    ],
)
async def test_a_part_that_cannot_be_read_stays_and_says_so(
    reading: OrderReading, outside: Outside, operation: str, provider: str, part: str
) -> None:
    before = await reading.read(STORE, HARD, None)
    outside.arm(provider, operation, "error_500", count=9)
    after = await reading.read(STORE, HARD, before)
    assert after.model_dump(exclude={"told", "parcels", "order"}) == before.model_dump(exclude={"told", "parcels", "order"})
    assert after.told[part].as_of == before.told[part].as_of
    assert after.told[part].unread
    assert {name for name, told in after.told.items() if told.unread} == {part}


async def test_a_silent_carrier_leaves_its_parcels_as_they_were(reading: OrderReading, outside: Outside) -> None:
    before = await reading.read(STORE, HARD, None)
    outside.arm("shipstation", "tracking", "error_500", count=9)
    after = await reading.read(STORE, HARD, before)
    assert after.parcels == before.parcels
    delivered = before.order.shipments[0].tracking_number
    assert {name for name, told in after.told.items() if told.unread} == {
        f"parcel:{shipment.tracking_number}" for shipment in before.order.shipments if shipment.tracking_number != delivered
    }


async def test_a_parcel_that_has_come_is_not_asked_about_again(reading: OrderReading, outside: Outside) -> None:
    before = await reading.read(STORE, HARD, None)
    asked = len(outside.calls("tracking"))
    await reading.read(STORE, HARD, before)
    assert len(outside.calls("tracking")) == asked + 2


async def test_notes_that_nobody_can_read_are_told_as_such(
    reading: OrderReading, outside: Outside, accounts: Accounts, client: httpx.AsyncClient
) -> None:
    account = accounts.bigcommerce[STORE]
    field = next(one for one in outside.held("bigcommerce", "metafields") if str(one["resource_id"]) == HARD)
    answer = await client.put(
        f"{account.api}/v3/orders/{HARD}/metafields/{field['id']}",
        headers={"X-Auth-Token": account.token},
        json={"permission_set": "read", "namespace": "stock", "key": "lines", "value": "[]"},
    )
    assert answer.status_code == 200
    record = await reading.read(STORE, HARD, None)
    assert record.line_notes == ()
    assert "not an object by line id" in (record.told["line_notes"].unread or "")


async def test_an_order_nobody_knows_and_a_store_that_is_down(reading: OrderReading, outside: Outside) -> None:
    with pytest.raises(UnknownOrder):
        await reading.read(STORE, "99999", None)
    with pytest.raises(NeedsOperator):
        await reading.read("nowhere", HARD, None)
    outside.arm("bigcommerce", "order", "error_500", count=9)
    with pytest.raises(Transient):
        await reading.read(STORE, HARD, None)


async def test_a_record_survives_the_database(reading: OrderReading) -> None:
    record = await reading.read(STORE, HARD, None)
    assert OrderRecord.model_validate(record.model_dump(mode="json")) == record
    assert datetime.now(UTC) >= (record.told["order"].as_of or datetime.max.replace(tzinfo=UTC))
