"""The port that every channel besides mail is behind: verify a hook, parse it, poll, send, and say what may be sent.

An adapter knows one provider and nothing of tickets. What it returns from `parse` and `poll` goes through `accept`; what it
sends comes from the effect ledger, which writes down the intent first and asks `find` before anything is sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, runtime_checkable

from domain.messages import Channel, InboundMessage


class BadSignature(Exception):
    """The hook does not prove where it comes from; the words say what is wrong, for the log and never for the caller."""


class BadHook(ValueError):
    """The hook is signed but cannot be read; the words say what and where."""


@dataclass(frozen=True)
class Hook:
    """A call of a provider as it came. `url` is the public address it was called at, query included; header names are
    lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class HookAnswer:
    """What a provider wants to hear where that is not an empty 2xx: a challenge, a validation token."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Polled:
    """What a poll found. `cursor` is where the next one begins; it is stored once all messages are accepted."""

    messages: Sequence[InboundMessage]
    cursor: str


@dataclass(frozen=True)
class Limits:
    """What the channel takes. `window` is how long after the buyer's last message free text may be sent; None is for ever.

    `text_length` counts UTF-16 units, in which a provider's limit is kept whether it counts an emoji as one or two; 0 is a
    channel that takes no answers. `forbidden` pairs a regular expression with the words that tell an agent why a text that
    has it may not be sent. Where the provider cannot be asked what it holds, a lost answer is for a person.
    """

    text_length: int
    attachments: int = 0
    window: timedelta | None = None
    forbidden: Sequence[tuple[str, str]] = ()
    can_be_asked: bool = True


@dataclass(frozen=True)
class OutboundAttachment:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Outbound:
    """One answer. `op_key` is the same at every attempt; `conversation` and `recipient` are those of the message it answers,
    `answers` its external id.

    `find` tells it from others with the same words by `written_at`, before which it was not sent, and by `others`: the
    external ids of our other answers in this conversation.
    """

    op_key: str
    store: str
    account: str
    conversation: str | None
    recipient: str | None
    answers: str | None
    text: str
    attachments: Sequence[OutboundAttachment] = ()
    written_at: datetime | None = None
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Media:
    """A file that a hook only names: `reference` is what the provider gives for it, `message` the external id of its message,
    `position` its place among the files of that message. `filename` is empty where nobody named it."""

    message: str
    position: int
    reference: str
    filename: str
    content_type: str


@dataclass(frozen=True)
class Receipt:
    """The provider took it, under this id."""

    external_id: str


@runtime_checkable
class ChannelAdapter(Protocol):
    """One provider account's door. What a provider does not have (hooks, polling, answers) raises NotSupported of
    `activities/_kit/errors.py`; every other failure is one of that closed set too."""

    name: ClassVar[str]
    """The provider, as in `/webhooks/{provider}/{account}` and in `messages.provider`."""
    channel: ClassVar[Channel]
    limits: ClassVar[Limits]

    def verify(self, hook: Hook) -> HookAnswer | None:
        """Checks the signature over the raw bytes, in constant time, and the age where it is signed. An answer means that the
        hook was a handshake and holds no message. Raises BadSignature."""
        ...

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        """The messages in a verified hook, none where it tells something else. Reads the body and the content type alone, so
        that a kept hook can be read again. Raises BadHook."""
        ...

    async def poll(self, cursor: str | None) -> Polled:
        """What arrived since `cursor`; None begins where the account was connected."""
        ...

    async def send(self, outbound: Outbound) -> Receipt:
        """Sends once. Raises Ambiguous where the answer was lost after the call went out."""
        ...

    async def find(self, outbound: Outbound) -> Receipt | None:
        """Whether this answer is there already, looked up at the provider by what the provider keeps of it."""
        ...


@runtime_checkable
class FetchesKeys(Protocol):
    """An adapter whose `verify` needs what the hook only names: the public key of its signature."""

    async def fetch_key(self, hook: Hook) -> None:
        """Has the key ready before `verify` is asked. Raises BadSignature, and of the closed set where it cannot be had."""
        ...


@runtime_checkable
class SecretInBody(Protocol):
    """An adapter whose hooks carry a secret in their body as proof, and want one answer and no other when they are taken."""

    thanks: ClassVar[HookAnswer]

    def without_secret(self, hook: Hook) -> Hook:
        """The verified hook as it may be kept."""
        ...


@runtime_checkable
class HasMedia(Protocol):
    """An adapter whose hooks name files that are fetched later, since a provider does not wait for them."""

    def media(self, hook: Hook) -> Sequence[Media]:
        """The files named in a hook that `parse` has read."""
        ...

    async def fetch(self, reference: str, limit: int) -> bytes:
        """One file, at most `limit` bytes. Raises Rejected where it is gone or larger."""
        ...
