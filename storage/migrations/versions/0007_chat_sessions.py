"""chat sessions: who writes in the chat widget, from which page, and whether somebody listens"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_sessions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False, comment="of the pages it may be used from"),
        sa.Column("order_id", sa.Text(), comment="the order of the page the visitor opened last"),
        sa.Column("page", sa.Text(), comment="its address, without query"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("email", sa.Text(), comment="as the visitor says; nobody proved it"),
        sa.Column(
            "last_seen",
            sa.DateTime(timezone=True),
            comment="when a page of the visitor was last listening; null once the last one left",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chat_sessions"),
    )


def downgrade() -> None:
    op.drop_table("chat_sessions")
