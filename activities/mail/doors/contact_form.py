"""The store's own contact form: it mails what a visitor filled in, from the store's address (A2)."""

import re

from activities.mail.doors.fields import read_fields
from domain.messages import Channel, InboundMessage, MessageNature, Sender
from domain.phone_numbers import e164
from domain.playbook import Playbook
from domain.references import Reference, ReferenceKind
from domain.safe_names import clean

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{3,12}(?![0-9A-Za-z])")
_NAME_LIMIT = 150


def contact_form(message: InboundMessage, written_from: str | None, playbook: Playbook) -> InboundMessage | None:
    """The message of the visitor; None for what is no form.

    The visitor is who the mail's Reply-To names, as the parser found; a form that sets none names them in its fields. The
    number in the form is the visitor's claim like any other words, so no conversation is made of it.
    """
    if written_from is None or playbook.store_of(written_from) is None:
        return None
    fields = read_fields(message.full_text or message.text)
    by_reply_to = message.sender.email is not None and message.sender.email.lower() != written_from.lower()
    in_fields = _ADDRESS.search(fields.get("email", ""))
    if not by_reply_to and not (in_fields and "message" in fields and message.nature is not MessageNature.BOUNCE):
        return None
    email = message.sender.email if by_reply_to or in_fields is None else in_fields.group()
    name = (message.sender.name if by_reply_to else None) or clean(fields.get("name", ""))[:_NAME_LIMIT] or None
    country = playbook.stores[message.store].warehouse.country_code
    return message.model_copy(
        update={
            "channel": Channel.FORM,
            "nature": MessageNature.PERSON,
            "sender": Sender(email=email, name=name, phone=e164(fields.get("phone"), country)),
            "subject": fields.get("subject") or message.subject,
            "text": fields.get("message") or message.text,
            "named": (*message.named, *_named(fields)),
        }
    )


def _named(fields: dict[str, str]) -> tuple[Reference, ...]:
    kinds = (("order", ReferenceKind.ORDER), ("rma", ReferenceKind.RMA))
    found = ((kind, _NUMBER.search(fields.get(name, ""))) for name, kind in kinds)
    return tuple(Reference(kind=kind, value=number.group()) for kind, number in found if number)
