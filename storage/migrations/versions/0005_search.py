"""search: one document a case, over all languages, identifiers whole and by their parts (docs/decisions/011)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INVISIBLE = r"[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
"""Accents, once NFKD has taken them off their letters, and characters nobody sees."""
_BETWEEN = (
    r"[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u2bff\u3000-\u3004\u3008-\u3020\u3030-\u303f"
    r"\ufe00-\ufe6f\uff00-\uff0f\ufff0-\uffff\U0001f000-\U0001faff\U000e0000-\U000e0fff]+"
)
"""What stands between words, emoji included. By code point: the classes of a regular expression depend on the locale."""
_ALONE = (
    r"([0-9]+|[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)
"""A run of digits, or one character of Chinese, Japanese or Korean."""
_IN_ONE = "[A-Za-z0-9]+(?:[-./_][A-Za-z0-9]+)*"
"""A word with what is joined to it; with a digit it is an identifier, such as NW-SAW-185."""
_GROUP = "[A-Za-z]{0,5}[0-9][A-Za-z0-9]{0,20}"
_IN_GROUPS = rf"\m{_GROUP}(?:[-./_ ]{_GROUP}){{1,7}}\M"
"""One written in groups, as carriers print them: 1Z 999 AA1 01 2345 6784."""
_LATIN = r"[A-Za-zß\u00c0-\u024f]*"

# Bodies of the SQL standard's form resolve their names now, not by whatever search path a later caller has.
_FUNCTION = "LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN"

_WORDS = rf"""
CREATE FUNCTION casework_words(said text) RETURNS text {_FUNCTION}
CASE WHEN octet_length(said) = char_length(said) THEN
    regexp_replace(regexp_replace(lower(said), '[^a-z0-9]+', ' ', 'g'), '([0-9]+)', ' \1 ', 'g')
ELSE
    regexp_replace(regexp_replace(
        normalize(
            replace(replace(replace(
                translate(lower(regexp_replace(normalize(said, NFKD), '{_INVISIBLE}', '', 'g')), 'øłđðħıþẞ', 'olddhitß'),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
        NFC),
    '{_BETWEEN}', ' ', 'g'), '{_ALONE}', ' \1 ', 'g')
END
"""
_SPELLINGS = rf"""
CREATE FUNCTION casework_spellings(said text) RETURNS text {_FUNCTION}
lower(concat_ws(' ',
    (SELECT string_agg(translate(found[1], '-./_', ''), ' ') FROM regexp_matches(said, '{_IN_ONE}', 'g') AS found
     WHERE found[1] ~ '[0-9]' AND length(found[1]) <= 60),
    (SELECT string_agg(translate(found[1], '-./_ ', ''), ' ') FROM regexp_matches(said, '{_IN_GROUPS}', 'g') AS found),
    CASE WHEN said ~ '[äöüÄÖÜ\u0308]' THEN
        (SELECT casework_words(string_agg(replace(replace(replace(lower(found[1]), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), ' '))
         FROM regexp_matches(normalize(said, NFC), '{_LATIN}[äöüÄÖÜ]{_LATIN}', 'g') AS found)
    END))
"""
_VECTOR = f"""
CREATE FUNCTION casework_vector(said text) RETURNS tsvector {_FUNCTION}
to_tsvector('simple'::regconfig, casework_words(said) || ' ' || casework_spellings(said))
"""
_IDENTIFIER = f"""
CREATE FUNCTION casework_identifier(written text) RETURNS text {_FUNCTION}
'#' || left(replace(casework_words(written), ' ', ''), 100)
"""
_MESSAGE = """
setweight(casework_vector(subject || ' ' || text || ' ' || coalesce(sender ->> 'name', '') || ' '
    || coalesce(sender ->> 'email', '') || ' ' || coalesce(sender ->> 'phone', '') || ' ' || coalesce(recipient, '')), 'B')
|| setweight(casework_vector(left(replace(coalesce(full_text, ''), text, ' '), 15000)), 'D')
"""
_IDENTIFIERS = """
CREATE FUNCTION casework_identifiers(wanted uuid) RETURNS text[] LANGUAGE sql STABLE
RETURN (
    SELECT array_agg(DISTINCT left(value, 200)) FROM (
        SELECT number::text AS value FROM cases WHERE id = wanted OR survivor_id = wanted
        UNION ALL SELECT unnest(orders) FROM cases WHERE id = wanted
        UNION ALL SELECT start -> 'imported' ->> 'id' FROM cases WHERE id = wanted
        UNION ALL SELECT one ->> 'value' FROM cases, jsonb_path_query(state, 'lax $.references[0 to 499]') AS one
            WHERE id = wanted
    ) AS own WHERE value <> ''
)
"""
_FILE = """
CREATE FUNCTION casework_file_words(wanted uuid) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    identifiers text[];
    head tsvector;
BEGIN
    -- Whoever comes second waits here, then sees what the first one wrote.
    PERFORM 1 FROM cases WHERE id = wanted FOR NO KEY UPDATE;
    identifiers := casework_identifiers(wanted);
    SELECT setweight(casework_vector(left(concat_ws(' / ', title, company, array_to_string(identifiers, ' / ')), 50000)), 'B')
            || array_to_tsvector(ARRAY(SELECT DISTINCT casework_identifier(one) FROM unnest(identifiers) AS one))
        INTO head FROM cases WHERE id = wanted;
    DELETE FROM case_words WHERE case_id = wanted;
    INSERT INTO case_words (case_id, part, words)
        SELECT wanted, part, head || casework_all(words) FROM (
            SELECT 0 AS part, ''::tsvector AS words
            UNION ALL
            (SELECT sum(octet_length(text) + least(coalesce(octet_length(full_text), 0), 15000))
                        OVER (ORDER BY at, id) / 40000, search FROM messages WHERE case_id = wanted)
            UNION ALL
            SELECT 0, setweight(casework_vector(left(string_agg(filename, ' / '), 50000)), 'B')
            FROM attachments JOIN messages ON messages.id = attachments.message_id WHERE case_id = wanted
        ) AS parts WHERE words IS NOT NULL GROUP BY part;
END
$$
"""
_ON_CASE = """
CREATE FUNCTION casework_case_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM casework_file_words(NEW.id);
    IF TG_OP = 'UPDATE' AND OLD.survivor_id IS DISTINCT FROM NEW.survivor_id THEN
        PERFORM casework_file_words(survivor) FROM unnest(ARRAY[OLD.survivor_id, NEW.survivor_id]) AS survivor
            WHERE survivor IS NOT NULL AND survivor <> NEW.id;
    END IF;
    RETURN NULL;
END
$$
"""
_ON_MESSAGE = """
CREATE FUNCTION casework_message_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM casework_file_words(OLD.case_id);
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND OLD.case_id <> NEW.case_id) THEN
        PERFORM casework_file_words(NEW.case_id);
    END IF;
    RETURN NULL;
END
$$
"""
_ON_ATTACHMENT = """
CREATE FUNCTION casework_attachments_added() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM casework_file_words(case_id)
        FROM (SELECT DISTINCT case_id FROM messages JOIN added ON messages.id = added.message_id) AS changed;
    RETURN NULL;
END
$$
"""
_TRIGGERS = (
    "CREATE TRIGGER case_words_new AFTER INSERT ON cases FOR EACH ROW EXECUTE FUNCTION casework_case_changed()",
    """CREATE TRIGGER case_words_changed AFTER UPDATE ON cases FOR EACH ROW
       WHEN (ROW(OLD.title, OLD.company, OLD.orders, OLD.start -> 'imported', OLD.state -> 'references', OLD.survivor_id)
             IS DISTINCT FROM
             ROW(NEW.title, NEW.company, NEW.orders, NEW.start -> 'imported', NEW.state -> 'references', NEW.survivor_id))
       EXECUTE FUNCTION casework_case_changed()""",
    """CREATE TRIGGER case_words AFTER INSERT OR DELETE OR UPDATE OF case_id, subject, text, full_text, sender, recipient
       ON messages FOR EACH ROW EXECUTE FUNCTION casework_message_changed()""",
    """CREATE TRIGGER case_words AFTER INSERT ON attachments REFERENCING NEW TABLE AS added
       FOR EACH STATEMENT EXECUTE FUNCTION casework_attachments_added()""",
)


def upgrade() -> None:
    for statement in (_WORDS, _SPELLINGS, _VECTOR, _IDENTIFIER):
        op.execute(statement)
    op.drop_column("messages", "search")
    op.add_column("messages", sa.Column("search", postgresql.TSVECTOR(), sa.Computed(_MESSAGE, persisted=True)))
    op.create_table(
        "case_words",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False, comment="a long thread has several"),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_words_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "part", name="pk_case_words"),
    )
    op.execute("CREATE AGGREGATE casework_all(tsvector) (SFUNC = tsvector_concat, STYPE = tsvector, INITCOND = '')")
    for statement in (_IDENTIFIERS, _FILE, _ON_CASE, _ON_MESSAGE, _ON_ATTACHMENT):
        op.execute(statement)
    op.execute("SELECT casework_file_words(id) FROM cases")
    op.create_index("ix_case_words_words", "case_words", ["words"], postgresql_using="gin")
    op.create_index("ix_cases_urgent", "cases", ["process", "next_due_at", "number"])
    for statement in _TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_cases_urgent", "cases")
    op.execute("DROP TRIGGER case_words ON attachments")
    op.execute("DROP TRIGGER case_words ON messages")
    op.execute("DROP TRIGGER case_words_changed ON cases")
    op.execute("DROP TRIGGER case_words_new ON cases")
    for name in ("attachments_added", "message_changed", "case_changed"):
        op.execute(f"DROP FUNCTION casework_{name}()")
    op.execute("DROP FUNCTION casework_file_words(uuid)")
    op.execute("DROP FUNCTION casework_identifiers(uuid)")
    op.execute("DROP AGGREGATE casework_all(tsvector)")
    op.drop_table("case_words")
    op.drop_column("messages", "search")
    for name in ("identifier", "vector", "spellings", "words"):
        op.execute(f"DROP FUNCTION casework_{name}(text)")
    before = sa.Computed("to_tsvector('simple', subject || ' ' || text)", persisted=True)
    op.add_column("messages", sa.Column("search", postgresql.TSVECTOR(), before))
    op.create_index("ix_messages_search", "messages", ["search"], postgresql_using="gin")
