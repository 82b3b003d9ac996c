"""The guard against mail loops, and the tokens of reply addresses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.automatic_mail import AutomaticMails, why_not
from domain.threading import reply_address, reply_token, token_in, token_number

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = bytes(range(32))


def hours(*ago: float) -> list[datetime]:
    return [NOW - timedelta(hours=hour) for hour in ago]


@pytest.mark.parametrize(
    ("in_thread", "to_address", "reason"),
    [
        ([], [], None),
        (hours(11.9), [], "12 hours"),
        (hours(12), [], None),
        (hours(12, 13, 23.9), [], "3 automatic mails went out in this thread"),
        (hours(12, 13, 24), [], None),
        ([], hours(1, 2, 3, 4), None),
        ([], hours(1, 2, 3, 4, 23.9), "5 automatic mails went to this address"),
        ([], hours(1, 2, 3, 4, 24), None),
    ],
)
def test_how_many_are_enough(in_thread: list[datetime], to_address: list[datetime], reason: str | None) -> None:
    found = why_not(AutomaticMails(in_thread, to_address), NOW)
    assert found is None if reason is None else reason in (found or "")


@given(st.lists(st.floats(0, 100), max_size=60))
def test_two_machines_that_answer_each_other_come_to_rest(pauses: list[float]) -> None:
    now, sent = NOW, list[datetime]()
    for pause in pauses:
        now += timedelta(hours=pause)
        if why_not(AutomaticMails(in_thread=sent, to_address=sent), now) is None:
            sent.append(now)
    for at in sent:
        assert sum(timedelta(0) <= at - other < timedelta(hours=24) for other in sent) <= 2


@given(st.integers(1, 10**15 - 1))
def test_a_token_of_ours_is_known_by_its_key(number: int) -> None:
    token = reply_token(number, KEY)
    address = reply_address("support@northwind-tools.example", token)
    assert token_number(address, KEY) == token_number(token.upper(), KEY) == number
    assert token_in(address) == token
    assert token_number(address, bytes(32)) is None
    assert len(address.partition("@")[0]) <= 64, "RFC 5321 section 4.5.3.1.1"


@pytest.mark.parametrize(
    "address",
    [
        "support@x.example",
        "support+sales@x.example",
        "support+t.1042.aaaaaaaa@x.example",
        "support+t.01042." + reply_token(1042, KEY)[-8:] + "@x.example",
        "support+t.1043." + reply_token(1042, KEY)[-8:] + "@x.example",
        "support+" + reply_token(1042, KEY) + "x@x.example",
        "",
        "t.",
        "t.99999999999999999999.aaaaaaaa",
        "\u0661" * 20,
    ],
)
def test_what_is_not_ours_is_no_number(address: str) -> None:
    assert token_number(address, KEY) is None


@given(st.text(max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    assert token_number(text, KEY) is None
