"""Mail that leaves the house. Text and addresses stay in the database: what travels here says where they are."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from domain.case import Publication

SEND_MAIL = "mail.send"
"""Activity name: one mail to the customer, once. Input OutgoingMail, output SentMail."""

TELL_STAFF = "mail.tell_staff"
"""Activity name: one mail to a person of the merchant, or to an address of theirs, once. Input StaffNotice, output SentMail."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class OutgoingMail(_Model):
    """One mail to the customer of a case.

    Either `decision_id` names the decision whose `text` is sent, or `template` names a text of the playbook, rendered with
    `facts`. It goes to whoever wrote last in the thread of `thread_id` (a ticket); without a thread to the buyer of
    `order_id`. With `publication`, what the case shows once the mail is out is stored in the same transaction as its
    being sent.
    """

    op_key: str
    case_id: UUID
    store: str
    language: str
    thread_id: UUID | None = None
    order_id: str | None = None
    decision_id: UUID | None = None
    template: str | None = None
    facts: dict[str, Any] = {}
    publication: Publication | None = None


class StaffNotice(_Model):
    """One mail to a person named in the playbook, or to a mail address in place of a name."""

    op_key: str
    case_id: UUID
    person: str
    template: str
    facts: dict[str, Any] = {}


class MailAttachment(_Model):
    """A file that goes with a mail; `blob` is its key in the blob store."""

    filename: str
    content_type: str
    blob: str


class SentMail(_Model):
    """The Message-ID it went out under. With `skipped` it shall not go out, by a person's decision or to break a loop of
    automatic mails, and nothing was published."""

    message_id: str
    skipped: bool = False
