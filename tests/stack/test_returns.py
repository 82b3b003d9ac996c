"""Returns over the real doors: money and label once, store and books in agreement, whatever answers get lost."""

import pytest

from tests.stack.clients import Api, Simulators, amount, unique
from tests.stack.goods_back import GoodsBack
from tests.stack.running import until

pytestmark = pytest.mark.stack

PAID, PAID_WITH_LOST_ANSWERS, UNPAID = 10405, 10410, 10408


def test_paid_order_is_refunded_and_credited_once(api: Api, simulators: Simulators) -> None:
    buyer = f"{unique('buyer')}@customer.example"
    ticket_id = api.say("Both parts of order 10405 are damaged. I want to return them.", sender=buyer)
    returning = GoodsBack(api, simulators, PAID, ticket_id=ticket_id)
    returning.approve()
    returning.receive()
    returning.inspect()
    closed = returning.until_closed()

    returning.require_one_refund()
    note = returning.require_one_credit_note()
    returning.require_label()
    returning.require_done("return_label", "refund", "credit_note")
    assert [amount(payment["Amount"]) for payment in note["Payments"]] == [returning.worth], "the books know of the refund"
    assert {line["outcome"] for line in closed["lines"]} == {"refund"}
    assert (closed["timeline"][0]["kind"], closed["timeline"][0]["actor"]) == ("requested", "admin")
    assert [approval["role"] for approval in closed["approvals"]] == ["admin"]
    told = simulators.mails(buyer)
    assert [[file["content_type"] for file in mail["attachments"]] for mail in told] == [["application/pdf"], []]
    assert all(f"RMA-{returning.number}" in mail["text"] for mail in told), "the label, then the outcome"
    assert [item["id"] for item in api.ticket(ticket_id)["rmas"]] == [returning.id]
    assert "closed" in api.refused(returning.id, "cancel", process="rmas", reason="too late")


def test_lost_answers_repeat_nothing(api: Api, simulators: Simulators) -> None:
    returning = GoodsBack(api, simulators, PAID_WITH_LOST_ANSWERS)
    for provider, operation in (("shipstation", "label"), ("bigcommerce", "refund"), ("xero", "credit_note")):
        simulators.arm(provider, operation, "lost_after_commit")
    returning.approve()
    returning.receive()
    returning.inspect()
    returning.until_closed()

    assert simulators.armed() == [], "every fault has struck"
    returning.require_one_refund()
    returning.require_one_credit_note()
    returning.require_label()
    returning.require_done("return_label", "refund", "credit_note")


def test_unpaid_order_is_credited_and_never_refunded(api: Api, simulators: Simulators) -> None:
    invoice_number = f"INV-{UNPAID}"
    due_before = amount(_invoice(simulators, invoice_number)["AmountDue"])
    returning = GoodsBack(api, simulators, UNPAID)
    assert returning.order["payment_method"] == "Purchase Order"
    assert returning.order["payment_status"] != "captured"
    returning.approve()
    returning.receive()
    returning.inspect()
    closed = returning.until_closed()

    assert simulators.refunds(UNPAID) == []
    assert {product["quantity_refunded"] for product in simulators.order(UNPAID)["products"]} == {0}
    note = returning.require_one_credit_note()
    allocations = [(entry["Invoice"]["InvoiceNumber"], amount(entry["Amount"])) for entry in note["Allocations"]]
    assert allocations == [(invoice_number, returning.worth)]
    assert amount(_invoice(simulators, invoice_number)["AmountDue"]) == due_before - returning.worth
    assert note["Payments"] == []
    returning.require_label()
    returning.require_done("return_label", "credit_note")
    assert {line["outcome"] for line in closed["lines"]} == {"credit_note"}


def test_lines_that_are_not_of_the_order_are_refused(api: Api, simulators: Simulators) -> None:
    line = {"order_id": str(PAID), "line_id": "1", "quantity": 1, "reason": "damaged"}
    answer = api.post("/rmas", {"store": "northwind-tools", "lines": [line]})
    assert answer.status_code == 202, answer.text
    path = f"/rmas/{answer.json()['rma_id']}"
    refused = until(lambda: (now := api.get(path)) and now["stage"] == "refused" and now, "the return is refused")
    assert any("It cannot be returned" in line["text"] for line in refused["timeline"])
    assert refused["effects"] == [] or {effect["kind"] for effect in refused["effects"]} == {"mail"}


def _invoice(simulators: Simulators, number: str) -> dict[str, object]:
    return next(invoice for invoice in simulators.held("xero/invoices") if invoice["InvoiceNumber"] == number)
