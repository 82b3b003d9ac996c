"""What a merchant's stock system notes at the lines of an order: backorders and substitutes."""

import json

from simulators.bigcommerce import order_documents
from simulators.bigcommerce.metafields import FIRST_NUMBER, metafield_document
from simulators.state import Transaction
from simulators.world import Order

NOTES = ("stock", "lines")
"""Namespace and key of the metafield in which the merchant's stock system keeps what it knows of the lines."""


def fill_line_notes(transaction: Transaction, order: Order) -> None:
    """Puts the metafield of an order, if its lines have something to note."""
    fields = {"expected_on", "substitute_sku", "substitute_name"}
    notes = {
        str(order_documents.line_id(order, position)): note
        for position, line in enumerate(order.lines, 1)
        if (note := line.model_dump(mode="json", include=fields, exclude_none=True))
    }
    if not notes:
        return
    body = {"permission_set": "read", "namespace": NOTES[0], "key": NOTES[1], "value": json.dumps(notes)}
    number = transaction.next_number("bigcommerce.metafields", FIRST_NUMBER)
    document = metafield_document(number, order.id, body, "stock-system", order.created)
    transaction.put("bigcommerce.metafields", number, {"store": order.store, "data": document})
