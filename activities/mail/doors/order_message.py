"""The mail by which BigCommerce tells the merchant that a buyer left a message at an order (A2).

It names the customer, the order and the message and links to the control panel (support.bigcommerce.com, Order Notifications);
it has no id of the message and no address of the customer that could be trusted.
"""

import re

from activities.mail.doors.fields import read_fields
from domain.messages import Channel, InboundMessage, MessageNature, Sender
from domain.order_messages import message_identity
from domain.playbook import Playbook
from domain.references import Reference, ReferenceKind
from domain.safe_names import clean

_BODY_LIMIT = 100_000
"""Characters that are looked at; a message at an order is shorter."""

_ORDER = r"(?:order|bestellung|auftrag|commande|ordine|pedido|订单)[^0-9\n]{0,12}([0-9]{2,10})(?![0-9])"
_NEWS = r"(?:message|nachricht|messaggio|mensaje|消息|留言)"
_SUBJECTS = (
    re.compile(rf"{_NEWS}.{{0,60}}?{_ORDER}", re.IGNORECASE),
    re.compile(rf"{_ORDER}.{{0,60}}?{_NEWS}", re.IGNORECASE),
)
_CONTROL_PANEL = re.compile(
    r"https?://[^\s<>\"]{1,200}/manage/[^\s<>\"]{0,200}(?:orders?/|orderid=)([0-9]{2,10})(?![0-9])[^\s<>\"]{0,200}",
    re.IGNORECASE,
)
_BIGCOMMERCE = re.compile(r"[^@\s]+@(?:[a-z0-9-]+\.)*(?:bigcommerce|mybigcommerce)\.com", re.IGNORECASE)


def order_message(message: InboundMessage, written_from: str | None, playbook: Playbook) -> InboundMessage | None:
    """The buyer's message; None for what is no such mail.

    The sender keeps a name and no address, whatever Reply-To says: the order's buyer is known to the store, and anybody can
    send a mail that looks like this one. An answer goes to the buyer of the order.
    """
    if written_from is None or (playbook.store_of(written_from) is None and not _BIGCOMMERCE.fullmatch(written_from)):
        return None
    body = (message.full_text or message.text)[:_BODY_LIMIT]
    link = _CONTROL_PANEL.search(body)
    told = next((found for pattern in _SUBJECTS if (found := pattern.search(message.subject))), None)
    fields = read_fields(body)
    if link is None or told is None or link.group(1) != told.group(1) or "message" not in fields:
        return None
    order_id, words = told.group(1), _words(fields["message"])
    return message.model_copy(
        update={
            "channel": Channel.FORM,
            "external_id": message_identity(message.store, order_id, words),
            "nature": MessageNature.PERSON,
            "sender": Sender(name=clean(fields.get("name", ""))[:150] or None),
            "text": words or message.text,
            "named": (*message.named, Reference(kind=ReferenceKind.ORDER, value=order_id)),
            "conversation": order_id,
            "account": message.store,
        }
    )


def _words(field: str) -> str:
    """The message without the link below it and the line that leads to the link."""
    lines = field.splitlines()
    last = max((number for number, line in enumerate(lines) if _CONTROL_PANEL.search(line)), default=None)
    if last is None:
        return field.strip()
    kept = lines[:last]
    while kept and not kept[-1].strip():
        kept.pop()
    before_link = lines[last][: lines[last].find("http")].strip()
    if not before_link and len(kept) > 1 and kept[-1].rstrip().endswith((":", "：")):
        kept.pop()
    return "\n".join(kept).strip()
