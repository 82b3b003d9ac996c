"""Who writes: people by their addresses, and the companies each has bought for. Never a company by its mail domain (B5)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import contact_addresses, contact_companies, contacts

_NAMESPACE = UUID("5b0d6a3e-3f0c-4b7e-9d8e-6a1f2c4d7e90")

# The door asks these for every message: made once, since making them takes longer than carrying them out.
_KNOWN = sql.select(contact_addresses.c.address, contact_addresses.c.contact_id).where(
    contact_addresses.c.address.in_(sql.bindparam("addresses", expanding=True))
)
_COMPANIES = (
    sql.select(contact_companies.c.company_id)
    .where(contact_companies.c.contact_id == sql.bindparam("contact_id"), contact_companies.c.store == sql.bindparam("store"))
    .order_by(contact_companies.c.company_id)
)
_MAKE = insert(contacts).on_conflict_do_nothing()
_ADD_ADDRESS = insert(contact_addresses).on_conflict_do_nothing()


class Contact(NamedTuple):
    """A person as a store knows them. `companies` are the store's ids of the companies they have written for there."""

    id: UUID
    companies: tuple[str, ...]

    @property
    def parties(self) -> tuple[str, ...]:
        """Every name under which a conversation of theirs may be held."""
        return (f"contact:{self.id}", *(f"company:{company}" for company in self.companies))

    @property
    def party(self) -> str:
        """The name under which a new conversation of theirs is held: the company's where it is the only one."""
        return f"company:{self.companies[0]}" if len(self.companies) == 1 else f"contact:{self.id}"


async def contact_of(connection: AsyncConnection, store: str, sender: Mapping[str, Any]) -> Contact | None:
    """The person behind a sender, made where they are new; None for a sender without any address. The addresses of one message
    are one person's; an address that another contact has stays with that one."""
    addresses = [address for name in ("email", "phone") if (address := (sender.get(name) or "").strip().lower())]
    if not addresses:
        return None
    found = await connection.execute(_KNOWN, {"addresses": addresses})
    known = {row.address: row.contact_id for row in found}
    contact_id = next((known[address] for address in addresses if address in known), None)
    if contact_id is None:
        contact_id = uuid5(_NAMESPACE, addresses[0])
        await connection.execute(_MAKE, {"id": contact_id, "name": sender.get("name")})
    new = sorted(address for address in addresses if address not in known)
    if new:
        await connection.execute(_ADD_ADDRESS, [{"address": address, "contact_id": contact_id} for address in new])
    companies = await connection.scalars(_COMPANIES, {"contact_id": contact_id, "store": store})
    return Contact(contact_id, tuple(companies))


async def writes_for(
    connection: AsyncConnection, contact_id: UUID, store: str, company_id: str, company: str, at: datetime
) -> None:
    """Notes that a person wrote on behalf of a company. One person may write for several."""
    row = {"contact_id": contact_id, "store": store, "company_id": company_id, "company": company, "last_seen": at}
    statement = insert(contact_companies).values(row)
    newer = {"company": statement.excluded.company, "last_seen": statement.excluded.last_seen}
    await connection.execute(statement.on_conflict_do_update(index_elements=["contact_id", "store", "company_id"], set_=newer))


async def companies_of(connection: AsyncConnection, store: str, addresses: Iterable[str]) -> set[str]:
    """The companies that the people behind these addresses have written for at a store."""
    found = await connection.scalars(
        sql.select(contact_companies.c.company_id)
        .join(contact_addresses, contact_addresses.c.contact_id == contact_companies.c.contact_id)
        .where(
            contact_addresses.c.address.in_([address.strip().lower() for address in addresses]),
            contact_companies.c.store == store,
        )
    )
    return set(found)
