"""A flood of one sender leaves room for the others."""

from hypothesis import given
from hypothesis import strategies as st

from domain.quotas import Quota


def _come(quota: Quota, key: str, now: float) -> bool:
    if not quota.has(key, now):
        return False
    quota.take(key, now)
    return True


def test_so_many_at_once_and_then_one_each_second() -> None:
    quota = Quota(lambda: 60)
    assert [_come(quota, "a", 1000) for _ in range(61)] == [True] * 60 + [False]
    assert [_come(quota, "a", 1000 + second) for second in (0.5, 1.01, 1.5, 2.02)] == [False, True, False, True]
    assert _come(quota, "b", 1000)
    assert [_come(quota, "a", 2000) for _ in range(61)] == [True] * 60 + [False]


@given(st.lists(st.floats(0, 30), max_size=300), st.integers(1, 10))
def test_no_minute_has_more_than_twice_the_quota(pauses: list[float], per_minute: int) -> None:
    quota, now, taken = Quota(lambda: per_minute), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if _come(quota, "a", now):
            taken.append(now)
    for at in taken:
        assert sum(at - 60 < other <= at for other in taken) <= 2 * per_minute


def test_senders_who_are_quiet_are_forgotten() -> None:
    quota = Quota(lambda: 1)
    for second in range(1000):
        quota.take(str(second), second)
    assert len(quota._buckets) < 130
