"""Keys of effects: short, stable, and different where the effect is another one."""

from hypothesis import given
from hypothesis import strategies as st

from domain.effects import OP_KEY_LIMIT, EffectKind, op_key


@given(st.text(min_size=1, max_size=60), st.sampled_from(EffectKind), st.text(min_size=1, max_size=60))
def test_short_ascii_and_repeatable(case: str, kind: EffectKind, cause: str) -> None:
    key = op_key(case, kind, cause)
    assert key.isascii()
    assert len(key) <= OP_KEY_LIMIT
    assert key == op_key(case, kind, cause)
    assert key != op_key(case, kind, cause + "x")
