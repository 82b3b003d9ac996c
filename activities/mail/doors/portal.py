"""Mail of a buying company's procurement system, known by its profile in `playbook/portals.yaml` (A4)."""

import re
from collections.abc import Iterator

from activities._kit.errors import Rejected
from domain.messages import Channel, InboundMessage, MessageNature, Sender
from domain.playbook import Playbook, Portal
from domain.references import Reference, ReferenceKind
from domain.safe_names import clean

_FLAGS = re.IGNORECASE | re.MULTILINE
_BODY_LIMIT = 100_000
"""Characters in which a profile's expressions are looked for."""
_ORDERS_LIMIT = 20


def portal_of(address: str | None, playbook: Playbook, words: str = "") -> Portal | None:
    """The portal that writes from this address. Several companies may share one: then `words` (subject and body) decide.

    None for an address of no portal, and where the words fit no company or two.
    """
    if not address:
        return None
    known = [portal for portal in playbook.portals.values() if portal.writes_from(address)]
    said = [portal for portal in known if portal.says and re.search(portal.says, words[:_BODY_LIMIT], _FLAGS)]
    found = said or [portal for portal in known if not portal.says]
    return found[0] if len(found) == 1 else None


def portal_of_message(message: InboundMessage, playbook: Playbook) -> Portal | None:
    """The portal behind a message, which names the company it is from."""
    portal = portal_of(message.sender.email, playbook, _words(message))
    return portal if portal is not None and portal.store == message.store else None


def answer_address(portal: Portal) -> str:
    """Where an answer to the portal's mail goes. Raises Rejected where it takes none."""
    if portal.reply_to is None:
        raise Rejected(
            f"The procurement portal of {portal.company} takes no answers by mail. "
            "Answer in the portal itself, or set reply_to in portals.yaml."
        )
    return portal.reply_to


def portal_message(message: InboundMessage, playbook: Playbook) -> InboundMessage | None:
    """A portal's mail as business of its company; None for any other mail.

    Nobody wrote it, and its headers say so; it counts as a person's all the same, because it asks for work. A report that a
    mail of ours could not be delivered stays what it is. The sender is the person the mail names, else the company.
    """
    portal = portal_of_message(message, playbook)
    if portal is None or message.nature is MessageNature.BOUNCE:
        return None
    named = tuple(Reference(kind=ReferenceKind.PURCHASE_ORDER, value=number) for number in _purchase_orders(message, portal))
    return message.model_copy(
        update={
            "channel": Channel.PORTAL,
            "nature": MessageNature.PERSON,
            "sender": Sender(email=message.sender.email, name=_person(message, portal) or portal.company),
            # A machine quotes nothing: what looks like the head of a quoted mail is the head of an order.
            "text": message.full_text or message.text,
            "named": (*message.named, *named),
        }
    )


def _words(message: InboundMessage) -> str:
    return f"{message.subject}\n{message.full_text or message.text}"


def _purchase_orders(message: InboundMessage, portal: Portal) -> list[str]:
    return list(dict.fromkeys(value for value in _found(message, portal) if value))[:_ORDERS_LIMIT]


def _found(message: InboundMessage, portal: Portal) -> Iterator[str]:
    names = "\n".join(attachment.filename for attachment in message.attachments)
    places = ((portal.subject, message.subject), (portal.body, message.full_text or message.text), (portal.attachment, names))
    for pattern, text in places:
        for match in re.finditer(pattern, text[:_BODY_LIMIT], _FLAGS) if pattern else ():
            yield clean(match.group(1) or "")


def _person(message: InboundMessage, portal: Portal) -> str:
    body = (message.full_text or message.text)[:_BODY_LIMIT]
    found = re.search(portal.person, body, _FLAGS) if portal.person else None
    return clean(found.group(1) or "")[:150] if found else ""
