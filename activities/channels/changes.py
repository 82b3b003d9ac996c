"""Hooks that tell of no message but of a change elsewhere: what changed is read again, nothing a hook says is believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.channels.port import ChannelAdapter, Hook, HookAnswer
from storage import order_records


@dataclass(frozen=True)
class OrderChanged:
    store: str
    order_id: str


@dataclass(frozen=True)
class ParcelMoved:
    tracking_number: str


Change = OrderChanged | ParcelMoved


@runtime_checkable
class TellsChanges(Protocol):
    """Whose hooks tell of changes: a channel's adapter, or an account that is no channel."""

    name: ClassVar[str]

    def verify(self, hook: Hook) -> HookAnswer | None:
        """As of `ChannelAdapter`. Raises BadSignature."""
        ...

    def changes(self, hook: Hook) -> Sequence[Change]:
        """What a verified hook says has changed; nothing where it tells of something else. Raises BadHook."""
        ...


HookDoor = ChannelAdapter | TellsChanges
"""Whatever takes hooks."""
HookDoors = Mapping[tuple[str, str], TellsChanges]
"""Accounts that are no channel and have hooks, by provider and account."""


async def note(connection: AsyncConnection, changes: Sequence[Change]) -> None:
    """Has what changed read again soon, where an open case is about it. Noted twice, it is read once."""
    for change in changes:
        match change:
            case OrderChanged():
                await order_records.order_changed(connection, change.store, change.order_id)
            case ParcelMoved():
                await order_records.parcel_changed(connection, change.tracking_number)
