"""The tables of the roster: what differs from people's shifts, and who is signed in."""

import sqlalchemy as sql

from storage.tables import Identity, Instant, metadata, now


def _differs(name: str) -> sql.Table:
    return sql.Table(
        name,
        metadata,
        sql.Column("id", Identity, primary_key=True),
        sql.Column("person", sql.Text, nullable=False),
        sql.Column("starts", Instant, nullable=False),
        sql.Column("ends", Instant, nullable=False, index=True),
        sql.Column("why", sql.Text, nullable=False),
        sql.Column("author", sql.Text, nullable=False, comment="who entered it"),
        now(),
    )


absences = _differs("absences")
extra_shifts = _differs("extra_shifts")

presence = sql.Table(
    "presence",
    metadata,
    sql.Column("person", sql.Text, primary_key=True),
    sql.Column("seen_at", Instant, nullable=False, comment="last call or page; written once a minute at most"),
)
