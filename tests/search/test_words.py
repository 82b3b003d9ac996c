"""Words of six languages, found as people write them."""

import pytest
import sqlalchemy as sql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from storage.engine import Database
from storage.searching import read_terms
from tests.search.conftest import Desk

_SAID = {
    "english": "When will the remaining drills reach our crew?",
    "german": "Die Lieferung für Herrn Müller in der Großen Straße ist überfällig.",
    "french": "Où est passée notre commande ? Le numéro du colis ne répond plus, œuvre arrêtée.",
    "italian": "Perché la città non è più coperta dalla spedizione?",
    "spanish": "¿Cuándo llegará el envío a España, por favor?",
    "chinese": "我们的订单什么时候发货？公司还没有收到发票。",
}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("remaining drills", "english"),
        ("DRILLS crew", "english"),
        ("müller", "german"),
        ("muller", "german"),
        ("Mueller", "german"),
        ("MÜLLER", "german"),
        ("mu\u0308ller", "german"),
        ("straße", "german"),
        ("strasse", "german"),
        ("STRASSE", "german"),
        ("ueberfaellig", "german"),
        ("grossen strasse", "german"),
        ("numero colis", "french"),
        ("oeuvre arretee", "french"),
        ("citta", "italian"),
        ("CITTÀ perche", "italian"),
        ("envio espana", "spanish"),
        ("¿Cuándo", "spanish"),
        ("订单", "chinese"),
        ("发票", "chinese"),
        ("单", "chinese"),
        ("订单 发票", "chinese"),
        ("什么时候发货", "chinese"),
    ],
)
async def test_a_word_is_found_however_it_is_written(desk: Desk, typed: str, found: str) -> None:
    for name, text in _SAID.items():
        await desk.hear(name, text)
    assert await desk.find(typed) == [found]


@pytest.mark.parametrize("typed", ["单订", "票发", "时候什么", '"crew our"', "drillss", "订 票单"])
async def test_what_nobody_said_is_not_found(desk: Desk, typed: str) -> None:
    for name, text in _SAID.items():
        await desk.hear(name, text)
    assert await desk.find(typed) == []


async def test_umlauts_written_out_are_found_by_umlauts(desk: Desk) -> None:
    await desk.hear("written out", "Herr Mueller aus Koeln, Strasse 5")
    for typed in ("Müller", "Köln", "Straße", "mueller"):
        assert await desk.find(typed) == ["written out"], typed


async def test_mixed_scripts_stand_beside_one_another(desk: Desk) -> None:
    await desk.hear("mixed", "请查一下订单PO-77120的DRL-18V电钻 😀 thanks😀danke １０４５２")
    for typed in ("订单PO-77120", "PO-77120", "77120的", "电钻", "thanks", "danke", "10452", "１０４５２", "订单 thanks"):
        assert await desk.find(typed) == ["mixed"], typed


async def test_quotes_minus_and_a_growing_last_word(desk: Desk) -> None:
    await desk.hear("first", "the cordless drill broke")
    await desk.hear("second", "drill bits for cordless tools")
    assert await desk.find("cordless drill") == ["first", "second"]
    assert await desk.find('"cordless drill"') == ["first"]
    assert await desk.find("“cordless drill”") == ["first"]
    assert await desk.find('drill -"cordless drill"') == ["second"]
    assert await desk.find("drill -bits") == await desk.find("-bits") == ["first"]
    assert await desk.find("bits cordl") == ["second"], "as you type"
    assert await desk.find("cordl bits") == [], "only the last word is still growing"
    assert await desk.find("cordl ") == [], "a space ends it"


async def test_words_may_stand_in_different_messages_of_a_thread(desk: Desk) -> None:
    await desk.hear("thread", "about the anvil", conversation="c", provider="chat", account="a")
    async with desk.database.begin() as connection:
        number = await desk.number("thread")
        await connection.execute(
            sql.text(
                "INSERT INTO messages (id, case_id, origin_id, direction, channel, external_id, store, sender, text, nature,"
                " delivery, at) SELECT gen_random_uuid(), id, id, 'in', 'chat', 'other', store, '{}', 'and the hammer',"
                " 'person', 'received', now() FROM cases WHERE number = :number"
            ),
            {"number": number},
        )
    assert await desk.find("anvil hammer") == ["thread"]


_SIGNS = [
    "'",
    '"',
    "''",
    "a'b",
    ":",
    "a:b",
    "&",
    "a & b",
    "|",
    "a | b",
    "!",
    "!a",
    "<->",
    "a <-> b",
    "(",
    "))((",
    "\\",
    "a\\",
    "*",
]
_SIGNS += ["%", "_", "a:*", "-", "--", '-"', '"-"', "\x00", "x\x00y", "'; DROP TABLE cases; --", "$$", "\ufffd", "😀", "？！…"]


@pytest.mark.parametrize("typed", _SIGNS)
async def test_signs_are_only_signs(desk: Desk, typed: str) -> None:
    await desk.hear("one", "hello there")
    assert await desk.find(typed) == []
    is_said = any(sign.isalpha() for sign in typed)
    beside = [] if is_said or typed == '-"' else ["one"]
    assert await desk.find(f"hello {typed} there") == beside


async def test_nothing_typed_narrows_nothing_and_signs_alone_find_nothing(desk: Desk) -> None:
    await desk.hear("one", "hello")
    assert await desk.find("") == await desk.find("  ") == ["one"]
    assert await desk.find("?!") == []


async def test_a_search_of_ten_thousand_characters_answers(desk: Desk) -> None:
    text = " ".join(f"word{position}" for position in range(1100))[:10_000]
    await desk.hear("long", text)
    assert await desk.find(text) == ["long"]
    assert await desk.find("订" * 10_000) == await desk.find('"' * 10_000) == await desk.find("-a " * 3_000) * 0 == []


_LETTERS = some.characters(categories=["L", "Nd"], max_codepoint=0x2FFFF)
_TEXTS = some.text(some.one_of(_LETTERS, some.sampled_from(" .-,'\"\n/_:@#äöüß订单é")), min_size=1, max_size=60)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TEXTS)
async def test_any_word_of_a_stored_text_finds_it(database: Database, text: str) -> None:
    words = [term.ways[0] for term in read_terms(text.replace("-", " "))]
    unfound = sql.text(
        "SELECT word FROM unnest(CAST(:words AS text[])) AS word,"
        " LATERAL (SELECT phraseto_tsquery('simple', casework_words(word)) AS asked) AS query"
        " WHERE numnode(asked) > 0 AND NOT casework_vector(:text) @@ asked"
    )
    async with database.begin() as connection:
        assert (await connection.execute(unfound, {"text": text, "words": words})).all() == []
