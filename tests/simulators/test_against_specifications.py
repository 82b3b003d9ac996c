"""Every call of the stand-ins, request and answer, judged by the providers' official specifications."""

from typing import Any

import httpx
import pytest

from tests import specs
from tests.simulators.conftest import Doors, return_label

pytestmark = pytest.mark.simulators


def ok(response: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that must have a status."""
    assert response.status_code == status, response.text
    return response.json() if response.content and "json" in response.headers["content-type"] else response.content


def missing(response: httpx.Response, value: dict[str, Any], *inside: str) -> set[str]:
    """Documented fields that an object of an answer leaves out; `inside` is the way to it, "[]" for an element."""
    provider, path = specs.door(response.request.url)
    for specification in specs.specifications(provider):
        schema = specs.response_schema(specification, response.request.method, path, response.status_code)
        if schema is None:
            continue
        branches: list[Any] = [schema]
        for name in inside:
            found: list[Any] = []
            for branch in branches:
                if name == "[]":
                    found += specs.elements(specification, branch)
                else:
                    found += specs.documented(specification, branch).get(name, [])
            branches = found
        return specs.absent(specification, {"allOf": branches}, value)
    raise AssertionError("no schema")


def test_orders_of_v2(judged: Doors) -> None:
    one = judged.v2.get("/orders/10452")
    assert missing(one, ok(one)) == set()
    assert ok(judged.v2.get("/orders", params={"email": "emma.hartley@brightwell-construction.example"}))
    assert ok(judged.v2.get("/orders", params={"customer_id": 1011, "limit": 2, "page": 1}))
    assert ok(judged.v2.get("/orders", params={"min_id": 10401, "max_id": 10403, "sort": "id:desc"}))
    assert ok(judged.v2.get("/orders", params={"min_date_modified": "Mon, 01 Jan 2024 00:00:00 +0000"}))
    assert judged.v2.get("/orders", params={"email": "nobody@nowhere.example"}).status_code == 204
    assert judged.v2.get("/orders/99").status_code == 404
    ok(judged.v2.put("/orders/10452", json={"staff_notes": "RMA-1 opened", "status_id": 12}))
    ok(judged.v2.get("/order_statuses"))
    ok(judged.v2.get("/customer_groups"))


def test_order_parts_of_v2(judged: Doors) -> None:
    lines = judged.v2.get("/orders/10452/products")
    assert missing(lines, ok(lines)[0], "[]") == set()
    addresses = judged.v2.get("/orders/10452/shipping_addresses")
    assert missing(addresses, ok(addresses)[0], "[]") == set()
    shipments = judged.v2.get("/orders/10452/shipments")
    assert len(ok(shipments)) == 3
    assert missing(shipments, ok(shipments)[0], "[]") == set()
    messages = judged.v2.get("/orders/10452/messages")
    assert missing(messages, ok(messages)[0], "[]") == set()
    assert judged.v2.get("/orders/10400/messages").status_code == 204
    draft = {
        "order_address_id": 104071,
        "tracking_number": "1Z999",
        "shipping_provider": "ups",
        "items": [{"order_product_id": 1040702, "quantity": 2}],
    }
    sent = judged.v2.post("/orders/10407/shipments", json=draft)
    assert missing(sent, ok(sent, 201)) == set()


def test_refunds_of_v3(judged: Doors) -> None:
    item = {"item_type": "PRODUCT", "item_id": 1040001, "quantity": 1, "reason": "op-1"}
    quote = judged.v3.post("/orders/10400/payment_actions/refund_quotes", json={"items": [item]})
    data = ok(quote, 201)["data"]
    assert missing(quote, data, "data") == set()
    assert missing(quote, data["refund_methods"][0][0], "data", "refund_methods", "[]", "[]") == set()
    method = data["refund_methods"][0][0]
    payment = {name: method[name] for name in ("provider_id", "amount", "offline")}
    refund = judged.v3.post("/orders/10400/payment_actions/refunds", json={"items": [item], "payments": [payment]})
    data = ok(refund, 201)["data"]
    assert missing(refund, data, "data") == set()
    assert missing(refund, data["payments"][0], "data", "payments", "[]") == set()
    # A piece carries no amount, and the specification allows no null there.
    assert missing(refund, data["items"][0], "data", "items", "[]") == {"requested_amount"}
    shipping = {"item_type": "SHIPPING", "item_id": 104001, "amount": 5.0}
    quoted = ok(judged.v3.post("/orders/10400/payment_actions/refund_quotes", json={"items": [shipping]}), 201)
    assert quoted["data"]["total_refund_amount"] == 5.0
    order_item = {"item_type": "ORDER", "item_id": 10400, "amount": 2.5}
    ok(judged.v3.post("/orders/10400/payment_actions/refund_quotes", json={"items": [order_item]}), 201)
    ok(judged.v3.get("/orders/10400/payment_actions/refunds"))
    ok(judged.v3.get(f"/orders/payment_actions/refunds/{data['id']}"))
    assert len(ok(judged.v3.get("/orders/payment_actions/refunds", params={"order_id:in": "10400"}))["data"]) == 1
    transactions = judged.v3.get("/orders/10400/transactions")
    assert [t["event"] for t in ok(transactions)["data"]] == ["purchase", "refund"]
    assert judged.v3.get("/orders/10401/transactions").status_code == 204


def test_metafields_customers_and_catalogue_of_v3(judged: Doors) -> None:
    claim = {"permission_set": "app_only", "namespace": "casework", "key": "refund.1", "value": "{}"}
    made = judged.v3.post("/orders/10400/metafields", json=claim)
    assert missing(made, ok(made)["data"], "data") == set()
    number = ok(made)["data"]["id"]
    ok(judged.v3.put(f"/orders/10400/metafields/{number}", json={**claim, "value": '{"refund": 1}'}))
    listed = judged.v3.get("/orders/10400/metafields", params={"namespace": "casework", "key": "refund.1"})
    assert ok(listed)["data"][0]["value"] == '{"refund": 1}'
    ok(judged.v3.get(f"/orders/10400/metafields/{number}"))
    found = ok(judged.v3.get("/customers", params={"email:in": "k.vogel@schreinerei-vogel.example"}))
    assert found["data"][0]["id"] == 1011
    ok(judged.v3.get("/customers", params={"id:in": "1001,1002", "include": "storecredit"}))
    ok(judged.v3.get("/catalog/products", params={"sku": "NW-LAS-360"}))
    assert ok(judged.v3.get("/catalog/variants", params={"sku": "NW-LAS-360"}))["data"][0]["product_id"] == 11105


def test_what_a_store_says_of_itself(judged: Doors) -> None:
    assert ok(judged.v2.get("/store"))["currency"] == "EUR"
    assert [channel["type"] for channel in ok(judged.v3.get("/channels"))["data"]] == ["storefront"]


def test_b2b_edition(judged: Doors) -> None:
    assert ok(judged.b2b.get("/companies", params={"customerId": 1001}))["data"][0]["companyId"] == 501
    assert ok(judged.b2b.get("/companies", params={"bcOrderId": 10408}))["data"][0]["companyId"] == 502
    ok(judged.b2b.get("/companies", params={"q": "hongtai", "isIncludeExtraFields": "1"}))
    company = judged.b2b.get("/companies/501")
    assert missing(company, ok(company)["data"], "data") <= {"parentCompany"}
    assert judged.b2b.get("/companies/601").status_code == 404
    assert ok(judged.b2b.get("/companies/501/credit"))["data"]["creditHold"] is False
    assert ok(judged.b2b.get("/companies/501/payment-terms"))["data"]["paymentTerms"] == 30
    users = judged.b2b.get("/users", params={"email": "tom.okafor@brightwell-construction.example"})
    assert missing(users, ok(users)["data"][0], "data", "[]") == set()
    assert ok(judged.b2b.get("/users/customer/1002"))["data"]["companyId"] == 501
    assert ok(judged.b2b.get("/orders/10452"))["data"][0]["poNumber"] == "PO-77144"
    listed = judged.b2b.get("/orders", params={"companyId": 501, "limit": 200})
    assert {order["companyId"] for order in ok(listed)["data"]} == {501}
    # Extra fields come with showExtra only.
    left_out = missing(listed, ok(listed)["data"][0], "data", "[]")
    assert {name for name in left_out if not name.startswith("extra")} == set()
    assert [order["poNumber"] for order in ok(judged.b2b.get("/orders", params={"bcOrderId": 10452}))["data"]] == ["PO-77144"]
    assert len(ok(judged.b2b.get("/rfq", params={"quoteNumber": "103002"}))["data"]["list"]) == 1
    searched = {"searchBy": "purchaseOrderNumber", "q": "77120"}
    invoices = ok(judged.b2b.get("/ip/invoices", params=searched))["data"]
    assert [(invoice["orderNumber"], invoice["purchaseOrderNumber"]) for invoice in invoices] == [("10401", "PO-77120")]
    quote = ok(judged.b2b.get("/rfq", params={"q": "Salford"}))["data"]["list"][0]
    created = specs_date(quote["createdAt"])
    assert ok(judged.b2b.get(f"/rfq/{quote['quoteId']}", params={"date": created}))["data"]["quoteNumber"] == "QN103002"
    assert ok(judged.b2b.get("/ip/invoices", params={"customerId": "501"}))["data"]


def specs_date(seconds: int) -> str:
    """Unix seconds as the month/day/year that GET /rfq/{id} demands."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%m/%d/%Y")


def test_labels_and_tracking(judged: Doors) -> None:
    made = judged.carrier.post("/v1/labels", json=return_label("rma-1-label-1"))
    label = ok(made)
    written_only = {"shipment", "outbound_label_id", "test_label", "validate_address", "label_download_type"}
    assert missing(made, label) <= written_only
    assert ok(judged.carrier.get("/v1/labels/external_shipment_id/rma-1-label-1"))["label_id"] == label["label_id"]
    shipment = ok(judged.carrier.get("/v1/shipments/external_shipment_id/rma-1-label-1"))
    found = ok(judged.carrier.get("/v1/labels", params={"shipment_id": shipment["shipment_id"]}))
    assert [x["label_id"] for x in found["labels"]] == [label["label_id"]]
    ok(judged.carrier.get(f"/v1/labels/{label['label_id']}"))
    ok(judged.carrier.get(f"/v1/labels/{label['label_id']}/track"))
    document = httpx.get(label["label_download"]["pdf"]).content
    assert document.startswith(b"%PDF")
    assert b"RMA RMA-1" in document
    assert ok(judged.carrier.put(f"/v1/labels/{label['label_id']}/void"))["approved"] is True
    again = ok(judged.carrier.put(f"/v1/labels/{label['label_id']}/void"))
    assert again["reason_code"] == "label_already_voided"
    number = ok(judged.v2.get("/orders/10452/shipments"))[1]["tracking_number"]
    tracked = judged.carrier.get("/v1/tracking", params={"carrier_code": "dhl_express", "tracking_number": number})
    assert ok(tracked)["status_code"] == "IT"
    unknown = judged.carrier.get("/v1/tracking", params={"carrier_code": "ups", "tracking_number": "1ZNOTYET"})
    assert ok(unknown)["status_code"] == "UN"
    ok(judged.carrier.get("/v1/carriers"))
    assert judged.carrier.get("/v1/labels/se-1").status_code == 404


def test_ledger(judged: Doors) -> None:
    where = {"where": 'EmailAddress=="accounts@brightwell-construction.example"'}
    contact = ok(judged.ledger.get("/Contacts", params=where))["Contacts"][0]
    assert contact["Balances"]["AccountsReceivable"]["Outstanding"] > 0
    ok(judged.ledger.get(f"/Contacts/{contact['ContactID']}"))
    invoice = ok(judged.ledger.get("/Invoices", params={"InvoiceNumbers": "INV-10401"}))["Invoices"][0]
    ok(judged.ledger.get(f"/Invoices/{invoice['InvoiceID']}"))
    line = invoice["LineItems"][0]
    draft = {
        "Type": "ACCRECCREDIT",
        "Status": "DRAFT",
        "Contact": {"ContactID": contact["ContactID"]},
        "CreditNoteNumber": "RMA-1-CN",
        "Reference": "op-1",
        "Date": "2026-11-21",
        "LineAmountTypes": "Exclusive",
        "LineItems": [{name: line[name] for name in ("Description", "UnitAmount", "TaxType", "AccountCode")}],
    }
    made = judged.ledger.put("/CreditNotes", json={"CreditNotes": [draft]}, headers={"Idempotency-Key": "op-1-create"})
    note = ok(made)["CreditNotes"][0]
    rare = {
        "DueDate",
        "FullyPaidOnDate",
        "CISDeduction",
        "CISRate",
        "UpdatedDateUTCString",
        "BrandingThemeID",
        "StatusAttributeString",
        "ValidationErrors",
        "Warnings",
        "InvoiceAddresses",
    }
    assert missing(made, note, "CreditNotes", "[]") <= rare
    assert note["Total"] == 262.8
    path = f"/CreditNotes/{note['CreditNoteID']}"
    ok(judged.ledger.post(path, json={"CreditNotes": [{"CreditNoteID": note["CreditNoteID"], "Status": "AUTHORISED"}]}))
    ok(judged.ledger.get("/CreditNotes", params={"where": 'Reference=="op-1"'}))
    allocation = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 200.0, "Date": "2026-11-21"}
    ok(judged.ledger.put(f"{path}/Allocations", json={"Allocations": [allocation]}))
    refund = {"CreditNote": {"CreditNoteID": note["CreditNoteID"]}, "Account": {"Code": "090"}, "Amount": 62.8}
    ok(judged.ledger.put("/Payments", json={"Payments": [{**refund, "Date": "2026-11-21"}]}))
    read = ok(judged.ledger.get(path))["CreditNotes"][0]
    assert (read["Status"], read["RemainingCredit"]) == ("PAID", 0.0)
    removed = judged.ledger.delete(f"{path}/Allocations/{read['Allocations'][0]['AllocationID']}")
    assert ok(removed)["IsDeleted"] is True
    ok(judged.ledger.get("/Payments"))
    ok(judged.ledger.get("/TaxRates"))
    assert ok(judged.ledger.get(f"{path}/pdf")).startswith(b"%PDF")
