"""What is known of the orders that open cases are about, and when it is to be read again."""

import sqlalchemy as sql
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sql.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "order_records",
        sql.Column("store", sql.Text, primary_key=True),
        sql.Column("order_id", sql.Text, primary_key=True),
        sql.Column("content", postgresql.JSONB, comment="an OrderRecord; null until it could be read"),
        sql.Column("as_of", _INSTANT, comment="when it was read"),
        sql.Column("changed_at", _INSTANT, comment="when somebody said that it has changed"),
        sql.Column("next_look_at", _INSTANT, nullable=False, server_default=sql.func.now()),
        sql.Column("failures", sql.Integer, nullable=False, server_default="0", comment="in a row"),
        sql.Column("error", sql.Text, comment="why it could not be read"),
    )
    op.create_index("ix_order_records_next_look_at", "order_records", ["next_look_at"])
    op.execute("CREATE INDEX ix_order_records_parcels ON order_records USING gin ((content -> 'parcels') jsonb_ops)")


def downgrade() -> None:
    op.drop_table("order_records")
