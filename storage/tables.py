"""All tables. PostgreSQL only; times are UTC with zone; JSON is jsonb."""

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql

metadata = sql.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = sql.DateTime(timezone=True)
Json = postgresql.JSONB
Identity = postgresql.UUID(as_uuid=True)
Words = postgresql.ARRAY(sql.Text)


def now() -> sql.Column[object]:
    """When a row was made."""
    return sql.Column("created_at", Instant, nullable=False, server_default=sql.func.now())


OPEN_TICKETS = "process = 'ticket' AND status IN ('open', 'waiting')"
"""Rows of `cases` that are somebody's work: the condition of an index, which a query uses only where it says the same."""

case_numbers = sql.Sequence("case_numbers", start=1001, metadata=metadata)

cases = sql.Table(
    "cases",
    metadata,
    sql.Column("id", Identity, primary_key=True),
    sql.Column("process", sql.Text, nullable=False),
    sql.Column("number", sql.BigInteger, case_numbers, server_default=case_numbers.next_value(), nullable=False, unique=True),
    sql.Column("workflow_id", sql.Text, nullable=False, unique=True),
    sql.Column("store", sql.Text, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("status", sql.Text, nullable=False),
    sql.Column("stage", sql.Text, nullable=False),
    sql.Column("queue", sql.Text),
    sql.Column("owner", sql.Text),
    sql.Column("company", sql.Text),
    sql.Column("company_id", sql.Text, comment="the store's own id of the company"),
    sql.Column("intent", sql.Text),
    sql.Column("orders", Words, nullable=False, server_default="{}"),
    sql.Column("next_due_at", Instant),
    sql.Column("revision", sql.Integer, nullable=False, server_default="0"),
    sql.Column("playbook_version", sql.Text),
    sql.Column("state", Json, comment="the process's state model but for its policy; null until its workflow has published"),
    sql.Column("policy", Json, comment="the rules the case was born with; they are most of its state and never change"),
    sql.Column("start", Json, comment="what the case was started with"),
    sql.Column(
        "parent_id",
        Identity,
        sql.ForeignKey("cases.id"),
        comment="the ticket a return belongs to, the ticket a late reply follows",
    ),
    sql.Column("merged_into_id", Identity, sql.ForeignKey("cases.id"), comment="the ticket this one was merged into"),
    sql.Column(
        "survivor_id",
        Identity,
        sql.ForeignKey("cases.id"),
        index=True,
        comment="where the chain of merges ends: what is written to this ticket goes there",
    ),
    sql.Column("split_from_id", Identity, sql.ForeignKey("cases.id"), comment="the ticket a person split this one off from"),
    now(),
    sql.Column("updated_at", Instant, nullable=False, server_default=sql.func.now()),
    sql.Index("ix_cases_list", "process", "status", "next_due_at", "number"),
    sql.Index("ix_cases_urgent", "process", "next_due_at", "number"),
    sql.Index("ix_cases_owner", "owner", postgresql_where=sql.text(OPEN_TICKETS)),
    sql.Index("ix_cases_orders", "orders", postgresql_using="gin"),
    sql.Index("ix_cases_parent_id", "parent_id"),
    sql.Index(
        "uq_cases_imported",
        sql.text("(start #>> '{imported,id}')"),
        sql.text("(start #>> '{imported,from}')"),
        sql.text("(start #>> '{imported,account}')"),
        unique=True,
        postgresql_where=sql.text("(start #>> '{imported,id}') IS NOT NULL"),
    ),
)

messages = sql.Table(
    "messages",
    metadata,
    sql.Column("id", Identity, primary_key=True),
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id"), nullable=False, index=True),
    sql.Column(
        "origin_id",
        Identity,
        sql.ForeignKey("cases.id"),
        nullable=False,
        index=True,
        comment="where it were without merges",
    ),
    sql.Column("evidence", sql.Text, nullable=False, server_default="", comment="why it is in this thread"),
    sql.Column("direction", sql.Text, nullable=False, comment="in or out"),
    sql.Column("channel", sql.Text, nullable=False),
    sql.Column("external_id", sql.Text, nullable=False),
    sql.Column("store", sql.Text, nullable=False),
    sql.Column("sender", Json, nullable=False),
    sql.Column("recipient", sql.Text),
    sql.Column("subject", sql.Text, nullable=False, server_default=""),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("full_text", sql.Text),
    sql.Column("html", sql.Text),
    sql.Column("message_id", sql.Text, index=True, comment="Message-ID header with its brackets"),
    sql.Column("in_reply_to", sql.Text, index=True),
    sql.Column("references", Words, nullable=False, server_default="{}"),
    sql.Column("nature", sql.Text, nullable=False),
    sql.Column("delivery", sql.Text, nullable=False),
    sql.Column("decision_id", Identity, comment="the decision an answer of ours carries out"),
    sql.Column("raw_blob", sql.Text),
    sql.Column("named", Json, nullable=False, server_default="[]", comment="what the channel itself says it is about"),
    sql.Column("conversation", sql.Text, comment="the channel's own name of the conversation"),
    sql.Column("provider", sql.Text, comment="the adapter it came or goes through; null is mail"),
    sql.Column("account", sql.Text),
    sql.Column("at", Instant, nullable=False, comment="received or sent"),
    now(),
    sql.Column(
        "search",
        postgresql.TSVECTOR,
        sql.Computed(
            "setweight(casework_vector(subject || ' ' || text || ' ' || coalesce(sender ->> 'name', '') || ' '"
            " || coalesce(sender ->> 'email', '') || ' ' || coalesce(sender ->> 'phone', '') || ' '"
            " || coalesce(recipient, '')), 'B')"
            " || setweight(casework_vector(left(replace(coalesce(full_text, ''), text, ' '), 15000)), 'D')",
            persisted=True,
        ),
    ),
    sql.UniqueConstraint("channel", "external_id"),
    sql.Index(
        "ix_messages_automatic",
        sql.text("lower(recipient)"),
        "at",
        postgresql_where=sql.text("direction = 'out' AND nature = 'auto_reply'"),
    ),
    sql.Index(
        "ix_messages_conversation", "store", "channel", "conversation", postgresql_where=sql.text("conversation IS NOT NULL")
    ),
)

# What a case is found by. Triggers keep it (migration 0005): the `search` of its messages, and what it is itself.
case_words = sql.Table(
    "case_words",
    metadata,
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("part", sql.Integer, primary_key=True, autoincrement=False, comment="a long thread has several"),
    sql.Column("words", postgresql.TSVECTOR, nullable=False),
    sql.Index("ix_case_words_words", "words", postgresql_using="gin"),
)

attachments = sql.Table(
    "attachments",
    metadata,
    sql.Column("id", Identity, primary_key=True),
    sql.Column("message_id", Identity, sql.ForeignKey("messages.id"), nullable=False, index=True),
    sql.Column("filename", sql.Text, nullable=False),
    sql.Column("content_type", sql.Text, nullable=False),
    sql.Column("size", sql.BigInteger, nullable=False, comment="bytes"),
    sql.Column("blob", sql.Text, nullable=False),
    sql.Column("content_id", sql.Text),
    sql.Column("kind", sql.Text, nullable=False, server_default="other", comment="an AttachmentKind"),
)

outbox = sql.Table(
    "outbox",
    metadata,
    sql.Column("id", sql.BigInteger, sql.Identity(always=True), primary_key=True),
    sql.Column("workflow_id", sql.Text, nullable=False),
    sql.Column("case_id", Identity, nullable=False),
    sql.Column("process", sql.Text, nullable=False),
    sql.Column("signal", sql.Text, comment="message or decision; null starts the workflow only"),
    sql.Column("payload", Json),
    now(),
    sql.Column("delivered_at", Instant),
    sql.Column("attempts", sql.Integer, nullable=False, server_default="0"),
    sql.Column("last_error", sql.Text),
    sql.Index("ix_outbox_waiting", "id", postgresql_where=sql.text("delivered_at IS NULL")),
)

decisions = sql.Table(
    "decisions",
    metadata,
    sql.Column("id", Identity, primary_key=True),
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id"), nullable=False, index=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("author", sql.Text, nullable=False),
    sql.Column("role", sql.Text, nullable=False),
    sql.Column("seen_revision", sql.Integer),
    sql.Column("payload", Json, nullable=False),
    now(),
    sql.Column("outcome", sql.Text),
    sql.Column("reason", sql.Text),
    sql.Column("decided_at", Instant),
    sql.Column("revision", sql.Integer, comment="of the case when it was judged"),
)

timeline = sql.Table(
    "timeline",
    metadata,
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id"), primary_key=True),
    sql.Column("sequence", sql.Integer, primary_key=True),
    sql.Column("at", Instant, nullable=False),
    sql.Column("actor", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("decision_id", Identity),
    sql.Column("message_id", Identity),
    sql.Column("planned_for", Instant),
    sql.Column("notice", postgresql.JSONB(none_as_null=True), comment="what a clock had to say, a Notice"),
    sql.Index("timeline_planned", "at", postgresql_where=sql.text("planned_for IS NOT NULL")),
)

effects = sql.Table(
    "effects",
    metadata,
    sql.Column("op_key", sql.Text, primary_key=True),
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id"), nullable=False, index=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("provider", sql.Text, nullable=False),
    sql.Column("account", sql.Text, nullable=False),
    sql.Column("request", Json, nullable=False),
    sql.Column("request_hash", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("looks", sql.Integer, nullable=False, server_default="0", comment="read-backs since the last call went out"),
    sql.Column("calls", sql.Integer, nullable=False, server_default="0", comment="times a write was sent"),
    sql.Column("provider_id", sql.Text),
    sql.Column("amount", sql.Numeric(18, 4)),
    sql.Column("currency", sql.Text),
    sql.Column("result", Json),
    sql.Column("error", sql.Text),
    now(),
    sql.Column("updated_at", Instant, nullable=False, server_default=sql.func.now()),
)

contexts = sql.Table(
    "contexts",
    metadata,
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id"), primary_key=True),
    sql.Column("content", Json, nullable=False, comment="an OrderContext"),
    sql.Column("as_of", Instant, nullable=False),
)

contacts = sql.Table(
    "contacts",
    metadata,
    sql.Column("id", Identity, primary_key=True),
    sql.Column("name", sql.Text),
    now(),
)

contact_addresses = sql.Table(
    "contact_addresses",
    metadata,
    sql.Column("address", sql.Text, primary_key=True, comment="an e-mail address in lower case, or a number in E.164"),
    sql.Column("contact_id", Identity, sql.ForeignKey("contacts.id"), nullable=False, index=True),
)

contact_companies = sql.Table(
    "contact_companies",
    metadata,
    sql.Column("contact_id", Identity, sql.ForeignKey("contacts.id"), primary_key=True),
    sql.Column("store", sql.Text, primary_key=True),
    sql.Column("company_id", sql.Text, primary_key=True),
    sql.Column("company", sql.Text, nullable=False),
    sql.Column("last_seen", Instant, nullable=False),
)

conversation_keys = sql.Table(
    "conversation_keys",
    metadata,
    sql.Column("id", sql.BigInteger, sql.Identity(always=True), primary_key=True),
    sql.Column("case_id", Identity, sql.ForeignKey("cases.id"), nullable=False, index=True),
    sql.Column("origin_id", Identity, sql.ForeignKey("cases.id"), nullable=False, comment="who holds it without merges"),
    sql.Column("store", sql.Text, nullable=False),
    sql.Column("party", sql.Text, nullable=False, comment="company:<id>, or contact:<id> while no company is known"),
    sql.Column("reference", sql.Text, nullable=False, comment="order:<id> or purchase_order:<number>"),
    sql.Column("matter", sql.Text, nullable=False, comment="the family of intents"),
    sql.Column("line", sql.Text, nullable=False, server_default="", comment="SKU or serial number; empty is the whole order"),
    sql.Column("last_at", Instant, nullable=False, comment="when the customer last wrote about it"),
    sql.Column("released_at", Instant),
    sql.Index(
        "uq_conversation_keys_held",
        "store",
        "party",
        "reference",
        "matter",
        "line",
        unique=True,
        postgresql_where=sql.text("released_at IS NULL"),
    ),
)

secrets = sql.Table(
    "secrets",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("value", sql.LargeBinary, nullable=False),
)

tokens = sql.Table(
    "tokens",
    metadata,
    sql.Column("hash", sql.Text, primary_key=True, comment="SHA-256 of the token; the token itself is stored nowhere"),
    sql.Column("user", sql.Text, nullable=False),
    sql.Column("role", sql.Text, nullable=False),
    sql.Column("purpose", sql.Text, nullable=False, comment="api or session"),
    now(),
    sql.Column("expires_at", Instant),
    sql.Column("revoked_at", Instant),
)

playbook_versions = sql.Table(
    "playbook_versions",
    metadata,
    sql.Column("version", sql.Text, primary_key=True),
    sql.Column("content", Json, nullable=False),
    now(),
)

training_rows = sql.Table(
    "training_rows",
    metadata,
    sql.Column("id", sql.BigInteger, sql.Identity(always=True), primary_key=True),
    sql.Column("text", sql.Text, nullable=False, comment="subject and words of the message, as they were learned from"),
    sql.Column("language", sql.Text, nullable=False),
    sql.Column("intent", sql.Text, nullable=False, comment="what the agent says it is about"),
    sql.Column("message_id", Identity, sql.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("agent", sql.Text, nullable=False),
    sql.Column("at", Instant, nullable=False),
)
