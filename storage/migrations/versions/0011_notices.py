"""What a clock had to say stands beside the line of the timeline, so that each can be checked and counted by clock and step."""

import sqlalchemy as sql
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("timeline", sql.Column("notice", postgresql.JSONB))
