"""one inbox: where a message came from and why it is in its thread, contacts, what a conversation is about"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, comment in (
        ("merged_into_id", "the ticket this one was merged into"),
        ("survivor_id", "where the chain of merges ends: what is written to this ticket goes there"),
        ("split_from_id", "the ticket a person split this one off from"),
    ):
        op.add_column("cases", sa.Column(name, sa.UUID(), sa.ForeignKey("cases.id", name=f"fk_cases_{name}"), comment=comment))
    op.add_column("cases", sa.Column("company_id", sa.Text(), comment="the store's own id of the company"))
    op.create_index("ix_cases_survivor_id", "cases", ["survivor_id"])

    origin = sa.ForeignKey("cases.id", name="fk_messages_origin_id")
    op.add_column("messages", sa.Column("origin_id", sa.UUID(), origin, comment="where it were without merges"))
    op.execute("UPDATE messages SET origin_id = case_id")
    op.alter_column("messages", "origin_id", nullable=False)
    op.create_index("ix_messages_origin_id", "messages", ["origin_id"])
    for column in (
        sa.Column("evidence", sa.Text(), server_default="", nullable=False, comment="why it is in this thread"),
        sa.Column(
            "named",
            postgresql.JSONB(),
            server_default="[]",
            nullable=False,
            comment="what the channel itself says it is about",
        ),
        sa.Column("conversation", sa.Text(), comment="the channel's own name of the conversation"),
        sa.Column("provider", sa.Text(), comment="the adapter it came or goes through; null is mail"),
        sa.Column("account", sa.Text()),
    ):
        op.add_column("messages", column)
    op.create_index(
        "ix_messages_conversation",
        "messages",
        ["store", "channel", "conversation"],
        postgresql_where=sa.text("conversation IS NOT NULL"),
    )
    _contacts()
    _conversation_keys()
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
    )
    op.create_table(
        "contact_addresses",
        sa.Column("address", sa.Text(), nullable=False, comment="an e-mail address in lower case, or a number in E.164"),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_contact_addresses_contact_id"),
        sa.PrimaryKeyConstraint("address", name="pk_contact_addresses"),
    )
    op.create_index("ix_contact_addresses_contact_id", "contact_addresses", ["contact_id"])
    op.create_table(
        "contact_companies",
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_contact_companies_contact_id"),
        sa.PrimaryKeyConstraint("contact_id", "store", "company_id", name="pk_contact_companies"),
    )


def _conversation_keys() -> None:
    op.create_table(
        "conversation_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("origin_id", sa.UUID(), nullable=False, comment="who holds it without merges"),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False, comment="company:<id>, or contact:<id> while no company is known"),
        sa.Column("reference", sa.Text(), nullable=False, comment="order:<id> or purchase_order:<number>"),
        sa.Column("matter", sa.Text(), nullable=False, comment="the family of intents"),
        sa.Column(
            "line", sa.Text(), server_default="", nullable=False, comment="SKU or serial number; empty is the whole order"
        ),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False, comment="when the customer last wrote about it"),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_conversation_keys_case_id"),
        sa.ForeignKeyConstraint(["origin_id"], ["cases.id"], name="fk_conversation_keys_origin_id"),
        sa.PrimaryKeyConstraint("id", name="pk_conversation_keys"),
    )
    op.create_index("ix_conversation_keys_case_id", "conversation_keys", ["case_id"])
    op.create_index(
        "uq_conversation_keys_held",
        "conversation_keys",
        ["store", "party", "reference", "matter", "line"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    for table in ("secrets", "conversation_keys", "contact_companies", "contact_addresses", "contacts"):
        op.drop_table(table)
    op.drop_index("ix_messages_conversation", "messages")
    for name in ("account", "provider", "conversation", "named", "evidence", "origin_id"):
        op.drop_column("messages", name)
    for name in ("company_id", "split_from_id", "survivor_id", "merged_into_id"):
        op.drop_column("cases", name)
