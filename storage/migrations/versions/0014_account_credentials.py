"""Provider accounts that `casework connect` stores, sealed."""

import sqlalchemy as sql
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_credentials",
        sql.Column("provider", sql.Text, primary_key=True),
        sql.Column("name", sql.Text, primary_key=True, comment="as the playbook names it"),
        sql.Column("sealed", sql.LargeBinary, nullable=False, comment="an account, sealed by a key outside the database"),
        sql.Column("changed_at", sql.DateTime(timezone=True), nullable=False, server_default=sql.func.now()),
    )


def downgrade() -> None:
    op.drop_table("account_credentials")
