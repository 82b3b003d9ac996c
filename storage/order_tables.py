"""The table of what is known of orders."""

import sqlalchemy as sql

from storage.tables import Instant, Json, metadata

order_records = sql.Table(
    "order_records",
    metadata,
    sql.Column("store", sql.Text, primary_key=True),
    sql.Column("order_id", sql.Text, primary_key=True),
    sql.Column("content", Json, comment="an OrderRecord; null until it could be read"),
    sql.Column("as_of", Instant, comment="when it was read"),
    sql.Column("changed_at", Instant, comment="when somebody said that it has changed"),
    sql.Column("next_look_at", Instant, nullable=False, server_default=sql.func.now(), index=True),
    sql.Column("failures", sql.Integer, nullable=False, server_default="0", comment="in a row"),
    sql.Column("error", sql.Text, comment="why it could not be read"),
    sql.Index("ix_order_records_parcels", sql.text("(content -> 'parcels') jsonb_ops"), postgresql_using="gin"),
)
