"""channels: hooks as they came, files to be fetched, where polling stands"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "hook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("raw_blob", sa.Text(), nullable=False, comment="the signed body as it came"),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("handled_at", _INSTANT, comment="when all its messages were accepted"),
        sa.Column("error", sa.Text(), comment="why it could not be read; an operator looks"),
        sa.PrimaryKeyConstraint("id", name="pk_hook_deliveries"),
        sa.UniqueConstraint("provider", "account", "delivery_id", name="uq_hook_deliveries_provider_account_delivery_id"),
    )
    op.create_index(
        "ix_hook_deliveries_open", "hook_deliveries", ["received_at"], postgresql_where=sa.text("handled_at IS NULL")
    )
    op.create_table(
        "awaited_media",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False, comment="what the provider gives the file out by"),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", _INSTANT, server_default=sa.text("now()"), comment="null: done, or given up with last_error"),
        sa.Column("last_error", sa.Text()),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_awaited_media_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_awaited_media"),
        sa.UniqueConstraint("message_id", "position", name="uq_awaited_media_message_id_position"),
    )
    op.create_index("ix_awaited_media_due", "awaited_media", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_table(
        "poll_cursors",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), comment="null: not polled yet"),
        sa.Column("polled_at", _INSTANT, comment="the last poll whose messages were all accepted"),
        sa.Column("next_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False, comment="in a row"),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("provider", "account", name="pk_poll_cursors"),
    )


def downgrade() -> None:
    for table in ("poll_cursors", "awaited_media", "hook_deliveries"):
        op.drop_table(table)
