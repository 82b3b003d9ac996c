"""What was typed into the search box, as questions to `case_words` (docs/decisions/011)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import case_words, cases

MANY = 1000
"""Up to so many cases found are ranked and counted; of more, the list is walked in its order and each case is asked."""

_TERM = re.compile(r'(?P<minus>-?)(?:["“”„«»](?P<phrase>[^"“”„«»]*)["“”„«»]?|(?P<word>[^\s"“”„«»]+))')
_GROUPS = re.compile(r"[A-Za-z0-9#]+(?:[-./_ ]+[A-Za-z0-9]+)+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_PREFIX_LENGTH = 2
_GROUPS_LENGTH = 40
_IDENTIFIER_LENGTH = 100
"""Characters; `casework_identifier` cuts there too."""


@dataclass(frozen=True)
class Term:
    """One thing that must be said, or must not be. It may be written in several ways; each is a phrase.

    `begins`: the last word may go on."""

    ways: tuple[str, ...]
    excluded: bool = False
    begins: bool = False


@dataclass(frozen=True)
class Question:
    """The same question asked three ways, as tsquery texts; None asks nothing. `own` leaves quoted text out, `exact` is an
    identifier of the case itself."""

    said: str | None
    own: str | None
    exact: str | None
    excluded: str | None


@dataclass(frozen=True)
class Found:
    """What a search found. `ranks` are conditions on cases, the best first, None where no case has that rank; no two hold of
    one case. `any` is whether one of them does, None where so many cases were found that nobody counts them."""

    ranks: tuple[sql.ColumnElement[bool] | None, ...] = ()
    any: sql.ColumnElement[bool] | None = None


def read_terms(typed: str) -> tuple[Term, ...]:
    """Quotes make a phrase, a minus before a word or phrase excludes it, the last word may still be growing."""
    terms = []
    matches = [match for match in _TERM.finditer(typed) if match["phrase"] or match["word"]]
    for match in matches:
        text = match["phrase"] or match["word"]
        growing = match["word"] is not None and not match["minus"] and match.end() == len(typed) and text[-1].isalnum()
        spelled = text.translate(_UMLAUTS)
        ways = (text,) if spelled == text else (text, spelled)
        terms.append(Term(ways, excluded=bool(match["minus"]), begins=growing))
    return tuple(terms)


def is_in_groups(typed: str) -> bool:
    """Whether all of it may be one identifier written in groups, as carriers print them: `1Z 999 AA1 01 2345 6784`."""
    typed = typed.strip()
    return len(typed) <= _GROUPS_LENGTH and _GROUPS.fullmatch(typed) is not None and any(sign.isdigit() for sign in typed)


async def find(connection: AsyncConnection, typed: str) -> Found:
    """The cases in which all of it is said. Nothing that can be looked for finds nothing."""
    question = await _question(connection, typed.replace("\x00", " "))
    if question is None:
        return Found(any=sql.false())
    if question.said is not None:
        ranked = await _ranked(connection, question)
        if ranked is not None:
            return ranked
    own = sql.select(case_words.c.case_id).where(_asks(case_words.c.words, question.exact)).distinct().limit(MANY).subquery()
    ids = await connection.scalar(sql.select(sql.cast(sql.func.array_agg(own.c.case_id), sql.Text)))
    # The offset keeps PostgreSQL from collecting all that is found before the first case is shown.
    walk = sql.select(1).where(case_words.c.case_id == cases.c.id, *_holds(question)).offset(0).exists()
    return Found((None, walk) if ids is None else (_among(ids), walk & sql.not_(_among(ids))))


async def _ranked(connection: AsyncConnection, question: Question) -> Found | None:
    """The cases found, those that bear an identifier first, those that only quote it last; None where they are too many."""
    words = case_words.c.words
    rank = sql.case((_asks(words, question.exact), 0), (_asks(words, question.own), 1), else_=2).label("rank")
    parts = sql.select(case_words.c.case_id, rank).where(*_holds(question)).limit(MANY + 1).subquery()
    of_case = (parts.c.case_id, sql.func.min(parts.c.rank).label("rank"), sql.func.count().label("parts"))
    best = sql.select(*of_case).group_by(parts.c.case_id).subquery()
    # The ids go back as the text they came as: reading and writing thousands of them would take longer than finding them.
    ids = sql.cast(sql.func.array_agg(best.c.case_id), sql.Text).label("ids")
    query = sql.select(best.c.rank, ids, sql.func.sum(best.c.parts).label("parts")).group_by(best.c.rank)
    rows = (await connection.execute(query)).all()
    if sum(row.parts for row in rows) > MANY:
        return None
    every = ",".join(row.ids[1:-1] for row in rows)
    by_rank = {row.rank: _among(row.ids) for row in rows}
    return Found(tuple(by_rank.get(rank) for rank in range(3)), _among(f"{{{every}}}"))


async def _question(connection: AsyncConnection, typed: str) -> Question | None:
    terms = read_terms(typed)
    ways = [way for term in terms for way in term.ways]
    *lexemes, whole = await _lexemes(connection, [*ways, typed])
    known = dict(zip(ways, lexemes, strict=True))
    said = [term for term in terms if not term.excluded and any(known[way] for way in term.ways)]
    excluded = [part for term in terms if term.excluded for part in _written(term, known)]
    if not said and not excluded:
        return None

    def together(weight: str) -> str | None:
        every = " & ".join("(" + " | ".join(_written(term, known, weight)) + ")" for term in said)
        return f"({every}) | {_lexeme(''.join(whole), weight)}" if every and is_in_groups(typed) else every or None

    identifiers = {"".join(known[way]) for term in said for way in term.ways} | {"".join(whole)}
    exact = " | ".join(f"'#{identifier[:_IDENTIFIER_LENGTH]}'" for identifier in sorted(identifiers) if identifier)
    return Question(together(""), together("B"), exact or None, " | ".join(excluded) or None)


async def _lexemes(connection: AsyncConnection, texts: Sequence[str]) -> list[list[str]]:
    """The words of each text as they are filed: letters and digits of any language, one after the other."""
    text = sql.func.unnest(sql.cast(list(texts), postgresql.ARRAY(sql.Text)))
    text = text.table_valued("said", with_ordinality="place").render_derived()
    phrase = sql.func.phraseto_tsquery(sql.literal_column("'simple'::regconfig"), sql.func.casework_words(text.c.said))
    query = sql.select(sql.cast(phrase, sql.Text)).order_by(text.c.place)
    return [re.findall("'([^']+)'", said) for said in (await connection.execute(query)).scalars()]


def _written(term: Term, known: dict[str, list[str]], weight: str = "") -> list[str]:
    """The ways a term may be written: word by word, and an identifier also in one piece."""
    written = []
    for lexemes in (known[way] for way in term.ways if known[way]):
        *first, last = lexemes
        words = [*(_lexeme(lexeme, weight) for lexeme in first), _lexeme(last, weight, begins=term.begins)]
        written.append("(" + " <-> ".join(words) + ")")
        if first and any(lexeme.isdigit() for lexeme in lexemes):
            written.append(_lexeme("".join(lexemes), weight, begins=term.begins))
    return written


def _lexeme(lexeme: str, weight: str, *, begins: bool = False) -> str:
    mark = ("*" if begins and len(lexeme) >= _PREFIX_LENGTH else "") + weight
    return f"'{lexeme}'" + (f":{mark}" if mark else "")


def _holds(question: Question) -> list[sql.ColumnElement[bool]]:
    """What a part of a case must say, and no part of it may."""
    words = case_words.c.words
    if question.excluded is None:
        return [_asks(words, question.said)]
    without = f"!({question.excluded})"
    other = case_words.alias()
    said_elsewhere = sql.select(1).where(other.c.case_id == case_words.c.case_id, _asks(other.c.words, question.excluded))
    # One part is nearly always the whole. The offset keeps PostgreSQL from comparing all parts with all.
    asked = without if question.said is None else f"({question.said}) & {without}"
    return [_asks(words, asked), ~said_elsewhere.offset(0).exists()]


def _asks(words: sql.ColumnElement[str], question: str | None) -> sql.ColumnElement[bool]:
    if question is None:
        return sql.false()
    return words.bool_op("@@")(sql.cast(sql.literal(question, sql.Text), postgresql.TSQUERY))


def _among(case_ids: str) -> sql.ColumnElement[bool]:
    """The text of an array is read once, as a table: as a condition it would be read again for each row."""
    ids = sql.func.unnest(sql.cast(sql.literal(case_ids, sql.Text), postgresql.ARRAY(postgresql.UUID)))
    return cases.c.id.in_(sql.select(ids))
