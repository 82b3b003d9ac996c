"""What comes over from another help desk or from a mail archive: tickets with their whole past."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.messages import InboundMessage, MessageNature


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class System(StrEnum):
    """Where a ticket was before."""

    MAIL = "mail"
    ZENDESK = "zendesk"
    FRESHDESK = "freshdesk"
    EDESK = "edesk"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Origin(_Model):
    """Which ticket of which help desk. Two accounts of one help desk may both have a ticket 12, hence `account`."""

    system: System
    account: str
    id: str


class StoredFile(_Model):
    """A file that came with a message, its bytes stored already: `blob` is their key. `size` in bytes."""

    filename: str
    content_type: str
    size: int
    blob: str
    content_id: str | None = None


class ImportedMessage(_Model):
    """`message` says who wrote what and when, in either direction; its files are in `files`, not in the message."""

    direction: Direction
    message: InboundMessage
    files: tuple[StoredFile, ...] = ()


class ImportedNote(_Model):
    """What people of the merchant told each other; no customer may see it."""

    at: AwareDatetime
    author: str
    text: str


class ImportedTicket(_Model):
    """One ticket, its messages oldest first. `merged_into` and `follows` are ids of the same system and account."""

    origin: Origin
    store: str
    subject: str
    is_open: bool
    created_at: AwareDatetime
    company: str | None = None
    tags: tuple[str, ...] = ()
    merged_into: str | None = None
    follows: str | None = None
    messages: tuple[ImportedMessage, ...]
    notes: tuple[ImportedNote, ...] = ()

    @property
    def lives_on(self) -> bool:
        """Whether it goes on as a live ticket: where no customer ever wrote there is nothing to answer."""
        return self.is_open and any(
            each.direction is Direction.IN and each.message.nature is MessageNature.PERSON for each in self.messages
        )
