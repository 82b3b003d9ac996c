"""Effects: what the product does in the outside world, each of them once (P3)."""

import hashlib
from enum import StrEnum

BY_HAND = "ByHand"
"""The type of the error by which an account says that a person has to do it (activities/_kit/errors.py)."""

OP_KEY_LIMIT = 50
"""Characters. ShipStation silently cuts a longer external shipment id (carriers brief, section 3)."""


class EffectKind(StrEnum):
    MAIL = "mail"
    RETURN_LABEL = "return_label"
    VOID_LABEL = "void_label"
    PICKUP = "pickup"
    CANCEL_PICKUP = "cancel_pickup"
    REFUND = "refund"
    CREDIT_NOTE = "credit_note"
    REPLACEMENT = "replacement"
    CANCEL_REPLACEMENT = "cancel_replacement"
    RESTOCK = "restock"
    ALERT = "alert"


class EffectState(StrEnum):
    """`intended`: written down, nothing sent yet. `sent`: a call went out and its answer is not known. `done`: the
    provider holds it. `refused`: the provider said no. `unclear`: cannot be told apart by machine, a person decides.
    `skipped`: a person, or the guard against mail loops, decided that it shall not happen."""

    INTENDED = "intended"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    SKIPPED = "skipped"


def op_key(case: str, kind: EffectKind, cause: str) -> str:
    """The key of one effect, made from the decision that wants it and never from an attempt.

    `case` is the workflow id, `cause` what within the case asks for it (a decision id, an order, an ordinal). ASCII, at most
    50 characters, the same for the same three words on every machine.
    """
    plain = f"{case}.{kind.value}.{cause}"
    if len(plain) <= OP_KEY_LIMIT and plain.isascii():
        return plain
    digest = hashlib.sha256(plain.encode()).hexdigest()[:16]
    return f"{case[:16]}.{kind.value}.{digest}" if case.isascii() else f"case.{kind.value}.{digest}"
