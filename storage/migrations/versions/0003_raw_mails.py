"""raw mails before they are parsed, mailboxes that are polled, what an attachment is, automatic mails by recipient"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)

_KIND_BY_TYPE = """
UPDATE attachments SET kind = CASE
    WHEN content_type LIKE 'image/%' THEN 'photo'
    WHEN content_type LIKE 'audio/%' THEN 'audio'
    WHEN content_type = 'application/pdf' OR content_type LIKE 'text/%' THEN 'document'
    ELSE 'other' END
"""

_RAW_OF_MESSAGES = """
INSERT INTO raw_mails (blob, door, store, sender, recipients, received_at, state, message_id)
SELECT DISTINCT ON (raw_blob) raw_blob, 'smtp', store, NULL, CASE WHEN recipient IS NULL THEN '{}' ELSE ARRAY[recipient] END,
    at, 'filed', id
FROM messages WHERE raw_blob IS NOT NULL AND channel = 'email' ORDER BY raw_blob, created_at
"""


def upgrade() -> None:
    kind = sa.Column("kind", sa.Text(), server_default="other", nullable=False, comment="an AttachmentKind")
    op.add_column("attachments", kind)
    op.execute(_KIND_BY_TYPE)
    automatic = sa.text("direction = 'out' AND nature = 'auto_reply'")
    op.create_index("ix_messages_automatic", "messages", [sa.text("lower(recipient)"), "at"], postgresql_where=automatic)
    op.create_table(
        "raw_mails",
        sa.Column("blob", sa.Text(), nullable=False, comment="key of the mail as it came"),
        sa.Column("door", sa.Text(), nullable=False, comment="smtp, imap:<mailbox>, import"),
        sa.Column("store", sa.Text(), comment="whose mail it is where no recipient says so"),
        sa.Column("sender", sa.Text(), comment="of the envelope: empty for machine mail, null where it is not known"),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), nullable=False, comment="of the envelope"),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="received, filed, or failed: not read yet"),
        sa.Column("error", sa.Text()),
        sa.Column("message_id", sa.UUID(), comment="what became of it"),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_raw_mails_message_id"),
        sa.PrimaryKeyConstraint("blob", name="pk_raw_mails"),
    )
    op.create_index("ix_raw_mails_received_at", "raw_mails", ["received_at"])
    op.create_index("ix_raw_mails_message_id", "raw_mails", ["message_id"])
    unfinished = sa.text("state <> 'filed'")
    op.create_index("ix_raw_mails_unfinished", "raw_mails", ["received_at"], postgresql_where=unfinished)
    op.execute(_RAW_OF_MESSAGES)
    op.create_table(
        "mailboxes",
        sa.Column("name", sa.Text(), nullable=False, comment="as the accounts file names it"),
        sa.Column("uid_validity", sa.BigInteger(), comment="of the folder (RFC 9051 section 2.3.1.1)"),
        sa.Column("last_uid", sa.BigInteger(), server_default="0", nullable=False, comment="all up to it are filed or wait"),
        sa.Column(
            "waiting",
            postgresql.JSONB(),
            server_default="{}",
            nullable=False,
            comment="mails to try again, by UID: tries, at, error",
        ),
        sa.Column("owner", sa.Text(), comment="which poller reads it"),
        sa.Column("leased_until", _INSTANT),
        sa.Column("checked_at", _INSTANT, comment="last look that went well"),
        sa.Column("error", sa.Text(), comment="why the last look did not"),
        sa.PrimaryKeyConstraint("name", name="pk_mailboxes"),
    )


def downgrade() -> None:
    op.drop_table("mailboxes")
    op.drop_table("raw_mails")
    op.drop_index("ix_messages_automatic", "messages")
    op.drop_column("attachments", "kind")
