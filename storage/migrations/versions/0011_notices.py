"""What a clock had to say stands beside the line of the timeline, so that each can be checked and counted by clock and step."""

import sqlalchemy as sql
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("timeline", sql.Column("notice", postgresql.JSONB))


def downgrade() -> None:
    op.drop_column("timeline", "notice")
