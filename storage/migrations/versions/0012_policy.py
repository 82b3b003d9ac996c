"""The rules a case was born with stand beside its state, so that they are written once."""

import sqlalchemy as sql
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COMMENTS = (
    "the process's whole state model; null until its workflow has published",
    "the process's state model but for its policy; null until its workflow has published",
)


def upgrade() -> None:
    column = sql.Column(
        "policy", postgresql.JSONB, comment="the rules the case was born with; they are most of its state and never change"
    )
    op.add_column("cases", column)
    op.alter_column("cases", "state", existing_comment=_COMMENTS[0], comment=_COMMENTS[1])


def downgrade() -> None:
    op.execute(
        "UPDATE cases SET state = state || jsonb_build_object('policy', policy) WHERE policy IS NOT NULL AND state IS NOT NULL"
    )
    op.alter_column("cases", "state", existing_comment=_COMMENTS[1], comment=_COMMENTS[0])
    op.drop_column("cases", "policy")
