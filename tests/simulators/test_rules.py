"""The providers' strict rules, which clients must not be spared."""

import threading
from typing import Any

import httpx
import pytest

from tests.simulators.conftest import Doors, return_label

pytestmark = pytest.mark.simulators

ACTIONS = "/orders/10400/payment_actions"


def refund(doors: Doors, quantity: int, amount: float, line: int = 1040001, order: int = 10400, **more: Any):
    """POST one refund of one line."""
    item = {"item_type": "PRODUCT", "item_id": line, "quantity": quantity, "reason": "op"}
    payment = {"provider_id": "stripe", "amount": amount, "offline": False}
    body = {"items": [item], "payments": [payment], **more}
    return doors.v3.post(f"/orders/{order}/payment_actions/refunds", json=body)


def test_a_token_is_demanded(doors: Doors) -> None:
    for client, path, header in (
        (doors.v2, "/orders/10400", "X-Auth-Token"),
        (doors.b2b, "/companies", "X-Auth-Token"),
        (doors.carrier, "/v1/labels", "API-Key"),
        (doors.ledger, "/Contacts", "Authorization"),
    ):
        assert client.get(path, headers={header: "wrong"}).status_code == 401
    assert doors.ledger.get("/Contacts", headers={"Xero-tenant-id": "other"}).status_code == 403
    assert doors.b2b.get("/companies", headers={"X-Store-Hash": "other"}).status_code == 500
    assert doors.v2.get("/orders/10416").status_code == 404, "an order of the other store"


def test_an_enforced_quota_answers_429(doors: Doors) -> None:
    store = {"key": "one", "hash": "nwtools1", "name": "One", "access_token": "northwind-access-token"}
    world = {"stores": [{**store, "requests_per_window": 3, "enforce_quota": True}]}
    assert doors.control.put("/_sim/world", json=world).status_code == 200
    statuses = [doors.v2.get("/orders").status_code for _ in range(5)]
    assert statuses == [204, 204, 204, 429, 429]


def test_read_only_fields_are_refused(doors: Doors) -> None:
    answer = doors.v2.put("/orders/10400", json={"staff_notes": "x", "total_inc_tax": "1.0000"})
    assert answer.status_code == 400
    assert "total_inc_tax" in answer.json()[0]["message"]
    assert doors.v2.get("/orders/10400").json()["staff_notes"] == ""


def test_a_refund_changes_lines_status_and_transactions(doors: Doors) -> None:
    assert refund(doors, 1, 178.8).status_code == 201
    order = doors.v2.get("/orders/10400").json()
    assert (order["status_id"], order["payment_status"]) == (14, "partially refunded")
    assert order["refunded_amount"] == "0.0000"
    line = doors.v2.get("/orders/10400/products").json()[0]
    assert (line["quantity_refunded"], line["is_refunded"]) == (1, False)
    assert refund(doors, 3, 536.4).status_code == 201
    batteries = refund(doors, 8, 758.4, 1040002)
    assert batteries.status_code == 201
    item = {"item_type": "SHIPPING", "item_id": 104001, "amount": 24.0}
    payment = {"provider_id": "stripe", "amount": 24.0, "offline": False}
    assert doors.v3.post(f"{ACTIONS}/refunds", json={"items": [item], "payments": [payment]}).status_code == 201
    order = doors.v2.get("/orders/10400").json()
    assert (order["status_id"], order["payment_status"]) == (4, "refunded")
    assert len(doors.held("bigcommerce", "refunds")) == 4


def test_refunds_that_cannot_be(doors: Doors) -> None:
    assert refund(doors, 5, 894.0).status_code == 422, "more pieces than were bought"
    assert refund(doors, 1, 178.79).status_code == 422, "a cent off the quoted method"
    assert refund(doors, 1, 178.8, line=1).status_code == 422, "a line of another order"
    assert refund(doors, 1, 262.8, 1040101, 10401).status_code == 422, "an unpaid order"
    assert refund(doors, 1, 149.0, 1041501, 10415).status_code == 422, "money only authorised"
    item = {"item_type": "ORDER", "item_id": 10400, "amount": 1497.61}
    quote = doors.v3.post(f"{ACTIONS}/refund_quotes", json={"items": [item]})
    assert quote.status_code == 422
    assert "1497.60" in quote.json()["data"][0]["title"]
    tax = doors.v3.post(f"{ACTIONS}/refund_quotes", json={"tax_adjustment_amount": 1.0})
    assert tax.status_code == 422
    assert doors.held("bigcommerce", "refunds") == []


def test_a_restocking_fee_lowers_the_refund(doors: Doors) -> None:
    fee = {"amount": -20, "description": "Restocking"}
    item = {"item_type": "PRODUCT", "item_id": 1040001, "quantity": 1, "adjustments": [fee]}
    data = doors.v3.post(f"{ACTIONS}/refund_quotes", json={"items": [item]}).json()["data"]
    assert (data["total_refund_amount"], data["adjustment"]) == (158.8, -20.0)


def test_refunds_of_one_order_are_not_concurrent(doors: Doors) -> None:
    statuses: list[int] = []

    together = threading.Barrier(2)

    def one() -> None:
        together.wait()
        statuses.append(refund(doors, 1, 178.8).status_code)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 503]


def test_a_metafield_is_insert_if_absent(doors: Doors) -> None:
    claim = {"permission_set": "app_only", "namespace": "casework", "key": "refund.1", "value": "a"}
    path = "/orders/10400/metafields"
    assert doors.v3.post(path, json=claim).status_code == 200
    assert doors.v3.post(path, json={**claim, "value": "b"}).status_code == 409
    assert [field["value"] for field in doors.v3.get(path).json()["data"]] == ["a"]
    assert doors.v3.post("/orders/10401/metafields", json=claim).status_code == 200
    number = doors.v3.get(path).json()["data"][0]["id"]
    assert doors.v3.put(f"{path}/{number}", json={"value": "c"}).status_code == 422
    assert doors.v3.post(path, json={**claim, "key": "k" * 65}).status_code == 422
    assert doors.v3.delete(f"{path}/{number}").status_code == 204


def test_a_shipment_moves_the_order(doors: Doors) -> None:
    draft = {"order_address_id": 104121, "tracking_number": "X1", "tracking_carrier": "dhl"}
    draft["items"] = [{"order_product_id": 1041201, "quantity": 1}]
    assert doors.v2.post("/orders/10412/shipments", json=draft).status_code == 201
    assert doors.v2.get("/orders/10412").json()["status_id"] == 3
    assert doors.v2.post("/orders/10412/shipments", json=draft).status_code == 201
    assert doors.v2.get("/orders/10412").json()["status_id"] == 2
    assert doors.v2.post("/orders/10412/shipments", json=draft).status_code == 400


def test_labels_are_bought_again_and_void_only_when_unused(doors: Doors) -> None:
    first = doors.carrier.post("/v1/labels", json=return_label("k" * 50)).json()
    second = doors.carrier.post("/v1/labels", json=return_label("k" * 50)).json()
    assert first["label_id"] != second["label_id"]
    assert len(doors.held("shipstation", "labels")) == 2
    hook = {"event": "track", "url": "http://127.0.0.1:9/webhooks/shipstation/main"}
    assert [doors.carrier.post("/v1/environment/webhooks", json=hook).status_code for _ in range(2)] == [200, 409]
    moved = doors.control.post("/_sim/advance", json={"kind": "parcel", "label_id": first["label_id"]})
    assert moved.json()["status_code"] == "AC"
    assert doors.held("webhooks", "events")[-1]["account"] == "main"
    refused = doors.carrier.put(f"/v1/labels/{first['label_id']}/void").json()
    assert (refused["approved"], refused["reason_code"]) == (False, "label_already_used")
    body = return_label("x")
    body["shipment"]["service_code"] = "pigeon"
    assert doors.carrier.post("/v1/labels", json=body).json()["errors"][0]["error_code"] == "invalid_field_value"


def draft_note(doors: Doors, key: str, **more: Any):
    """PUT a draft credit note over one saw of INV-10401 (262.80 gross)."""
    invoice = doors.ledger.get("/Invoices/INV-10401").json()["Invoices"][0]
    line = {"Description": "Circular saw", "Quantity": 1, "UnitAmount": 219.0, "TaxType": "OUTPUT2"}
    note = {"Type": "ACCRECCREDIT", "Contact": {"ContactID": invoice["Contact"]["ContactID"]}, "LineItems": [line]}
    note |= {"Status": "DRAFT", "Reference": key, **more}
    return doors.ledger.put("/CreditNotes", json={"CreditNotes": [note]}, headers={"Idempotency-Key": key})


def allocate(doors: Doors, note: str, invoice: str, amount: float):
    """PUT one allocation."""
    body = {"Allocations": [{"Invoice": {"InvoiceNumber": invoice}, "Amount": amount, "Date": "2026-11-21"}]}
    return doors.ledger.put(f"/CreditNotes/{note}/Allocations", json=body)


def authorised(doors: Doors, key: str) -> str:
    """An authorised credit note over 262.80."""
    note = draft_note(doors, key).json()["CreditNotes"][0]["CreditNoteID"]
    body = {"CreditNotes": [{"Status": "AUTHORISED"}]}
    assert doors.ledger.post(f"/CreditNotes/{note}", json=body).status_code == 200
    assert doors.ledger.post(f"/CreditNotes/{note}", json=body).status_code == 200, "repeating is harmless"
    return note


def test_an_idempotency_key_replays_the_answer(doors: Doors) -> None:
    first, second = draft_note(doors, "op-1"), draft_note(doors, "op-1")
    assert first.status_code == 200
    assert first.content == second.content
    assert len(doors.held("xero", "credit_notes")) == 1
    other = draft_note(doors, "op-1", Date="2026-01-01")
    assert other.status_code == 400
    doors.arm("xero", "credit_note", "lost_after_commit")
    with pytest.raises(httpx.RemoteProtocolError):
        draft_note(doors, "op-2")
    again = draft_note(doors, "op-2").json()["CreditNotes"][0]["CreditNoteID"]
    held = [note["CreditNoteID"] for note in doors.held("xero", "credit_notes") if note["Reference"] == "op-2"]
    assert held == [again]


def test_a_number_is_unique_and_tax_is_known(doors: Doors) -> None:
    assert draft_note(doors, "a", CreditNoteNumber="RMA-7").status_code == 200
    doubled = draft_note(doors, "b", CreditNoteNumber="RMA-7")
    assert doubled.status_code == 400
    assert doubled.json()["Elements"][0]["ValidationErrors"][0]["Message"] == "Credit note number must be unique."
    line = {"Description": "x", "UnitAmount": 1, "TaxType": "NOSUCH"}
    assert draft_note(doors, "c", LineItems=[line]).status_code == 400
    assert draft_note(doors, "d", LineItems=[{**line, "TaxType": "NONE", "LineAmount": 2}]).status_code == 400
    assert doors.ledger.get("/CreditNotes/RMA-7").json()["CreditNotes"][0]["Total"] == 262.8


def test_an_allocation_never_exceeds_credit_or_debt(doors: Doors) -> None:
    draft = draft_note(doors, "draft").json()["CreditNotes"][0]["CreditNoteID"]
    assert allocate(doors, draft, "INV-10401", 10).status_code == 400, "a draft"
    note = authorised(doors, "op-1")
    assert allocate(doors, note, "INV-10401", 262.81).status_code == 400, "more than the credit"
    assert allocate(doors, note, "INV-10400", 1).status_code == 400, "a paid invoice"
    assert allocate(doors, note, "INV-10408", 1).status_code == 400, "somebody else's invoice"
    assert allocate(doors, note, "INV-10401", 200).status_code == 200
    assert allocate(doors, note, "INV-10401", 62.81).status_code == 400, "more than the rest"
    assert allocate(doors, note, "INV-10401", 62.80).status_code == 200
    invoice = doors.ledger.get("/Invoices/INV-10401").json()["Invoices"][0]
    assert (invoice["AmountDue"], invoice["AmountCredited"], invoice["Status"]) == (550.8, 262.8, "AUTHORISED")
    read = doors.ledger.get(f"/CreditNotes/{note}").json()["CreditNotes"][0]
    assert (read["RemainingCredit"], read["Status"], len(read["Allocations"])) == (0.0, "PAID", 2)
    void = doors.ledger.post(f"/CreditNotes/{note}", json={"CreditNotes": [{"Status": "VOIDED"}]})
    assert void.status_code == 400


def test_a_recorded_refund_uses_up_the_credit(doors: Doors) -> None:
    note = authorised(doors, "op-1")
    body = {"CreditNote": {"CreditNoteID": note}, "Account": {"Code": "090"}, "Amount": 262.81}
    assert doors.ledger.put("/Payments", json=body).status_code == 400
    paid = doors.ledger.put("/Payments", json={**body, "Amount": 262.8})
    assert paid.json()["Payments"][0]["PaymentType"] == "ARCREDITPAYMENT"
    assert doors.ledger.put("/Payments", json={**body, "Amount": 0.01}).status_code == 400


def test_filters_of_the_ledger(doors: Doors) -> None:
    draft_note(doors, "op-1", Date="2026-11-05")

    def found(where: str) -> int | str:
        answer = doors.ledger.get("/CreditNotes", params={"where": where})
        return len(answer.json()["CreditNotes"]) if answer.status_code == 200 else answer.status_code

    assert found('Reference=="op-1" AND Status=="DRAFT"') == 1
    assert found("Date>=DateTime(2026,11,5) && Date<DateTime(2026, 11, 6)") == 1
    assert found("Date>DateTime(2026,11,5)") == 0
    assert found("Total>262") == 1
    assert found('Contact.Name!="Somebody"') == 1
    assert found("nonsense") == 400
    assert found("Date>DateTime(2026,13,5)") == 400


def test_time_passes(doors: Doors) -> None:
    def step(**body: Any):
        return doors.control.post("/_sim/advance", json=body)

    number = doors.v2.get("/orders/10452/shipments").json()[2]["tracking_number"]
    road = [step(kind="parcel", tracking_number=number).json()["status_code"] for _ in range(4)]
    assert road == ["AC", "IT", "IT", "DE"]
    assert step(kind="parcel", tracking_number=number).status_code == 422
    assert step(kind="parcel", tracking_number=number, to="returning").json()["status_code"] == "EX"
    assert step(kind="order", id=10412).json()["status_id"] == 9
    assert step(kind="order", id=10401, paid=True, to=10).json()["payment_status"] == "captured"
    item = {"item_type": "PRODUCT", "item_id": 1040101, "quantity": 1}
    quoted = doors.v3.post("/orders/10401/payment_actions/refund_quotes", json={"items": [item]}).json()["data"]
    assert (quoted["total_refund_amount"], quoted["refund_methods"][0][0]["provider_id"]) == (262.8, "cheque")
    assert step(kind="invoice", number="INV-10401", pay="100.00").json()["AmountDue"] == 713.6
    assert step(kind="invoice", number="INV-10401", pay=True).json()["Status"] == "PAID"
    assert step(kind="moon").status_code == 422
    assert step(kind="order", id=1).status_code == 422
