"""imported tickets: one case for each ticket of another help desk; answers found by what they answer"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE UNIQUE INDEX uq_cases_imported ON cases"
        " ((start #>> '{imported,id}'), (start #>> '{imported,from}'), (start #>> '{imported,account}'))"
        " WHERE (start #>> '{imported,id}') IS NOT NULL"
    )
    op.create_index("ix_messages_in_reply_to", "messages", ["in_reply_to"])


def downgrade() -> None:
    op.drop_index("ix_messages_in_reply_to", "messages")
    op.drop_index("uq_cases_imported", "cases")
