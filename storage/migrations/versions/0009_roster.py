"""roster: absences, extra shifts, and who is signed in"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
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


def downgrade() -> None:
    op.drop_table("presence")
    op.drop_table("extra_shifts")
    op.drop_table("absences")
