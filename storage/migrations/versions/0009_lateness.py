"""When a clock had meant to say what stands in the timeline: lateness is a metric."""

import sqlalchemy as sql
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("timeline", sql.Column("planned_for", sql.DateTime(timezone=True)))
    op.create_index("timeline_planned", "timeline", ["at"], postgresql_where=sql.text("planned_for IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("timeline_planned", "timeline")
    op.drop_column("timeline", "planned_for")
