"""The tables of the doors: how mail, hooks, polls and chats come in. What came in is in `tables`."""

import sqlalchemy as sql

from storage.tables import Identity, Instant, Json, Words, metadata, now

raw_mails = sql.Table(
    "raw_mails",
    metadata,
    sql.Column("blob", sql.Text, primary_key=True, comment="key of the mail as it came"),
    sql.Column("door", sql.Text, nullable=False, comment="smtp, imap:<mailbox>, import"),
    sql.Column("store", sql.Text, comment="whose mail it is where no recipient says so"),
    sql.Column("sender", sql.Text, comment="of the envelope: empty for machine mail, null where it is not known"),
    sql.Column("recipients", Words, nullable=False, comment="of the envelope"),
    sql.Column("received_at", Instant, nullable=False, index=True),
    sql.Column("state", sql.Text, nullable=False, comment="received, filed, or failed: not read yet"),
    sql.Column("error", sql.Text),
    sql.Column("message_id", Identity, sql.ForeignKey("messages.id"), index=True, comment="what became of it"),
    sql.Column("updated_at", Instant, nullable=False, server_default=sql.func.now()),
    sql.Index("ix_raw_mails_unfinished", "received_at", postgresql_where=sql.text("state <> 'filed'")),
)

mailboxes = sql.Table(
    "mailboxes",
    metadata,
    sql.Column("name", sql.Text, primary_key=True, comment="as the accounts file names it"),
    sql.Column("uid_validity", sql.BigInteger, comment="of the folder (RFC 9051 section 2.3.1.1)"),
    sql.Column("last_uid", sql.BigInteger, nullable=False, server_default="0", comment="all up to it are filed or wait"),
    sql.Column("waiting", Json, nullable=False, server_default="{}", comment="mails to try again, by UID: tries, at, error"),
    sql.Column("owner", sql.Text, comment="which poller reads it"),
    sql.Column("leased_until", Instant),
    sql.Column("checked_at", Instant, comment="last look that went well"),
    sql.Column("error", sql.Text, comment="why the last look did not"),
)

hook_deliveries = sql.Table(
    "hook_deliveries",
    metadata,
    sql.Column("id", sql.BigInteger, sql.Identity(always=True), primary_key=True),
    sql.Column("provider", sql.Text, nullable=False),
    sql.Column("account", sql.Text, nullable=False),
    sql.Column("delivery_id", sql.Text, nullable=False),
    sql.Column("content_type", sql.Text, nullable=False),
    sql.Column("raw_blob", sql.Text, nullable=False, comment="the signed body as it came"),
    sql.Column("received_at", Instant, nullable=False),
    sql.Column("handled_at", Instant, comment="when all its messages were accepted"),
    sql.Column("error", sql.Text, comment="why it could not be read; an operator looks"),
    sql.UniqueConstraint("provider", "account", "delivery_id"),
    sql.Index("ix_hook_deliveries_open", "received_at", postgresql_where=sql.text("handled_at IS NULL")),
)

awaited_media = sql.Table(
    "awaited_media",
    metadata,
    sql.Column("id", sql.BigInteger, sql.Identity(always=True), primary_key=True),
    sql.Column("message_id", Identity, sql.ForeignKey("messages.id"), nullable=False),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("provider", sql.Text, nullable=False),
    sql.Column("account", sql.Text, nullable=False),
    sql.Column("reference", sql.Text, nullable=False, comment="what the provider gives the file out by"),
    sql.Column("filename", sql.Text, nullable=False),
    sql.Column("content_type", sql.Text, nullable=False),
    sql.Column("attempts", sql.Integer, nullable=False, server_default="0"),
    sql.Column("next_at", Instant, server_default=sql.func.now(), comment="null: done, or given up with last_error"),
    sql.Column("last_error", sql.Text),
    sql.UniqueConstraint("message_id", "position"),
    sql.Index("ix_awaited_media_due", "next_at", postgresql_where=sql.text("next_at IS NOT NULL")),
)

poll_cursors = sql.Table(
    "poll_cursors",
    metadata,
    sql.Column("provider", sql.Text, primary_key=True),
    sql.Column("account", sql.Text, primary_key=True),
    sql.Column("cursor", sql.Text, comment="null: not polled yet"),
    sql.Column("polled_at", Instant, comment="the last poll whose messages were all accepted"),
    sql.Column("next_at", Instant, nullable=False, server_default=sql.func.now()),
    sql.Column("failures", sql.Integer, nullable=False, server_default="0", comment="in a row"),
    sql.Column("last_error", sql.Text),
)

chat_sessions = sql.Table(
    "chat_sessions",
    metadata,
    sql.Column("id", Identity, primary_key=True),
    sql.Column("store", sql.Text, nullable=False),
    sql.Column("origin", sql.Text, nullable=False, comment="of the pages it may be used from"),
    sql.Column("order_id", sql.Text, comment="the order of the page the visitor opened last"),
    sql.Column("page", sql.Text, comment="its address, without query"),
    sql.Column("language", sql.Text, nullable=False),
    sql.Column("name", sql.Text),
    sql.Column("email", sql.Text, comment="as the visitor says; nobody proved it"),
    sql.Column("last_seen", Instant, comment="when a page of the visitor was last listening; null once the last one left"),
    now(),
)

account_credentials = sql.Table(
    "account_credentials",
    metadata,
    sql.Column("provider", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True, comment="as the playbook names it"),
    sql.Column("sealed", sql.LargeBinary, nullable=False, comment="an account, sealed by a key outside the database"),
    sql.Column("changed_at", Instant, nullable=False, server_default=sql.func.now()),
)
