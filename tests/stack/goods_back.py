"""A return as a person takes it through its stages over the API, and what must be true at its end."""

from decimal import Decimal
from typing import Any

from tests.stack.clients import Api, Document, Simulators, amount
from tests.stack.running import until

SETTLE_SECONDS = 90


class GoodsBack:
    """One return of whole lines of an order, one piece of each."""

    def __init__(self, api: Api, simulators: Simulators, order_id: int, lines: int = 2, ticket_id: str | None = None) -> None:
        self.api, self.simulators = api, simulators
        self.order = simulators.order(order_id)
        self.products = self.order["products"][:lines]
        assert len(self.products) == lines
        body: dict[str, Any] = {
            "store": self.order["store"],
            "ticket_id": ticket_id,
            "lines": [
                {"order_id": str(order_id), "line_id": str(product["id"]), "quantity": 1, "reason": "damaged"}
                for product in self.products
            ],
            "wish": "refund",
        }
        answer = api.post("/rmas", body)
        assert answer.status_code == 202, answer.text
        self.id: str = answer.json()["rma_id"]
        self.number: int = answer.json()["number"]

    @property
    def worth(self) -> Decimal:
        """What the lines cost in the store, tax included."""
        return sum((amount(product["price_inc_tax"]) for product in self.products), Decimal(0))

    def shown(self) -> Document:
        return self.api.get(f"/rmas/{self.id}")

    def until_stage(self, stage: str, seconds: float = 60.0) -> Document:
        def there() -> Document | str:
            shown = self.shown()
            return shown if shown["stage"] == stage else ""

        try:
            return until(there, f"return {self.number} is {stage}", seconds)  # type: ignore[return-value]
        except AssertionError as error:
            shown = self.shown()
            raise AssertionError(f"{error}; it is {shown['stage']}, effects {shown['effects']}") from None

    @property
    def is_with_a_person(self) -> bool:
        """Whether an effect of it waits for somebody to look."""
        return any(effect["state"] in ("unclear", "refused") for effect in self.shown()["effects"])

    def approve(self) -> None:
        """Approves and waits for the label."""
        self.say_yes()
        until(lambda: self.shown()["label"], "the label is bought")

    def say_yes(self) -> None:
        self.until_stage("awaiting_approval")
        self.api.applied(self.id, "approve", process="rmas")

    def receive(self) -> None:
        lines = [{"line": number, "quantity": 1} for number in range(1, len(self.products) + 1)]
        self.api.applied(self.id, "receive", process="rmas", lines=lines)

    def inspect(self, wait: float = 30) -> None:
        """Accepts everything. With `wait` 0 the money may be on its way already when this returns."""
        numbers = range(1, len(self.products) + 1)
        lines = [{"line": number, "disposition": "accepted", "quantity": 1} for number in numbers]
        answer = self.api.decide(self.id, "inspect", process="rmas", wait=wait, lines=lines)
        assert answer.status_code in ((200,) if wait else (200, 202)), answer.text

    def until_closed(self, seconds: float = SETTLE_SECONDS) -> Document:
        return self.until_stage("closed", seconds)

    def labels(self) -> list[Document]:
        """The carrier's labels of this return that are not given back."""
        labels = self.simulators.held("shipstation/labels")
        return [label for label in labels if label["rma_number"] == f"RMA-{self.number}" and not label["voided"]]

    def require_one_refund(self) -> None:
        """The store has paid back once what the lines cost, and the gateway has carried it out once."""
        order_id = self.order["id"]
        refunds = self.simulators.refunds(order_id)
        assert [amount(refund["total_amount"]) for refund in refunds] == [self.worth], refunds
        paid_back = [
            amount(transaction["amount"])
            for transaction in self.simulators.held("bigcommerce/transactions")
            if str(transaction["order_id"]) == str(order_id) and transaction["event"] == "refund"
        ]
        assert paid_back == [self.worth]
        returned = {product["id"] for product in self.products}
        now = {product["id"]: product["quantity_refunded"] for product in self.simulators.order(order_id)["products"]}
        assert now == {line: int(line in returned) for line in now}

    def require_one_credit_note(self) -> Document:
        """The books hold one credit note over what the lines cost, with nothing left open on it."""
        notes = self.simulators.credit_notes(self.number)
        assert len(notes) == 1, notes
        note = notes[0]
        assert note["Status"] in ("AUTHORISED", "PAID")
        assert amount(note["Total"]) == self.worth
        assert amount(note["RemainingCredit"]) == 0
        assert {line["ItemCode"] for line in note["LineItems"]} == {product["sku"] for product in self.products}
        return note

    def require_label(self) -> None:
        """One label, which can be printed."""
        labels = self.labels()
        assert len(labels) == 1, labels
        label = self.shown()["label"]
        assert label["label_id"] == labels[0]["label_id"]
        assert label["tracking_number"] == labels[0]["tracking_number"]
        assert self.api.download(label["url"]).startswith(b"%PDF-")

    def require_done(self, *kinds: str) -> None:
        """Our own account of the effects: these, each once and done; and mails."""
        effects = self.shown()["effects"]
        assert all(effect["state"] == "done" for effect in effects), effects
        assert sorted(effect["kind"] for effect in effects if effect["kind"] != "mail") == sorted(kinds)

    def mails_to_buyer(self) -> list[Document]:
        return self.simulators.mails(self.order["billing_address"]["email"], f"RMA-{self.number}")
