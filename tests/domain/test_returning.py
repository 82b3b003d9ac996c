"""Windows and fees of returns."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.playbook import ReturnReason
from domain.returning import exception_to, restocking_fee

CAME = datetime(2026, 10, 1, 12, tzinfo=UTC)
MONTH = ReturnReason(window=timedelta(days=30))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (CAME + timedelta(days=30), None),
        (CAME + timedelta(days=30, seconds=1), "delivered 2026-10-01, 1 day past its 30 days"),
        (CAME + timedelta(days=56), "delivered 2026-10-01, 27 days past its 30 days"),
        (CAME - timedelta(days=1), None),
    ],
)
def test_the_window_is_counted_from_the_delivery(asked: datetime, said: str | None) -> None:
    assert exception_to(MONTH, CAME, asked) == said


def test_what_has_not_come_or_has_no_window_is_in_time() -> None:
    assert exception_to(MONTH, None, CAME + timedelta(days=999)) is None
    assert exception_to(ReturnReason(), CAME, CAME + timedelta(days=999)) is None


@given(st.decimals(0, 100_000, places=2), st.decimals(0, "99.9", places=1))
def test_a_fee_is_whole_cents_and_never_more_than_the_worth(worth: Decimal, percent: Decimal) -> None:
    fee = restocking_fee(ReturnReason(fee_percent=percent), worth)
    assert 0 <= fee <= worth
    assert fee == fee.quantize(Decimal("0.01"))
    assert abs(fee - worth * percent / 100) <= Decimal("0.005")
