"""Which channel a mail really is: many come by mail that no person mailed."""

from activities.mail.doors.amazon import amazon_message
from activities.mail.doors.contact_form import contact_form
from activities.mail.doors.order_message import order_message
from activities.mail.doors.portal import portal_message
from activities.mail.doors.voicemail import voicemail
from domain.messages import InboundMessage
from domain.playbook import Playbook


def through_its_door(message: InboundMessage, written_from: str | None, playbook: Playbook) -> InboundMessage:
    """The message as what it is: of a portal, of Amazon, of the store's order pages or contact form, of the telephone system,
    else the mail unchanged. `written_from` is the address in the mail's From header.

    A portal and Amazon are known by their address and go first; a message at an order is a form too, and more exact.
    """
    return (
        portal_message(message, playbook)
        or amazon_message(message)
        or order_message(message, written_from, playbook)
        or contact_form(message, written_from, playbook)
        or voicemail(message, playbook)
        or message
    )
