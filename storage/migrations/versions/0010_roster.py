"""roster: absences, extra shifts, who is signed in; open tickets found by their owner"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("absences", "extra_shifts"):
        op.create_table(
            name,
            sa.Column("id", sa.UUID(), nullable=False),
            sa.Column("person", sa.Text(), nullable=False),
            sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
            sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
            sa.Column("why", sa.Text(), nullable=False),
            sa.Column("author", sa.Text(), nullable=False, comment="who entered it"),
            sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        )
        op.create_index(f"ix_{name}_ends", name, ["ends"])
    op.create_table(
        "presence",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), nullable=False, comment="last call or page; written once a minute at most"
        ),
        sa.PrimaryKeyConstraint("person", name="pk_presence"),
    )
    open_tickets = sa.text("process = 'ticket' AND status IN ('open', 'waiting')")
    op.create_index("ix_cases_owner", "cases", ["owner"], postgresql_where=open_tickets)


def downgrade() -> None:
    op.drop_index("ix_cases_owner", "cases")
    op.drop_table("presence")
    op.drop_table("extra_shifts")
    op.drop_table("absences")
