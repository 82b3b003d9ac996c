"""messages to which an agent gave another intent"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_rows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="subject and words of the message, as they were learned from"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False, comment="what the agent says it is about"),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_training_rows_message_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_training_rows"),
    )
    op.create_index("ix_training_rows_message_id", "training_rows", ["message_id"])


def downgrade() -> None:
    op.drop_table("training_rows")
