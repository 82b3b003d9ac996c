"""What a person decides about a stuck call: try it again, note that it was done by hand, or leave it out.

What a person does by an account's nature, such as an entry in books without an adapter, needs two: one does it and gives its
number, another confirms that, and then the call goes on.
"""

from typing import TYPE_CHECKING, Any

from activities.records.models import DECIDE_EFFECT, EffectDecision
from domain.effects import EffectState
from workflows._kit.calls import look_up
from workflows._kit.contract import DecisionTaken, Refused, Unblock, UnblockAction
from workflows._kit.state import Booked, Effect, EffectStatus

if TYPE_CHECKING:
    from workflows._kit.case import Case

_DECIDED = {
    UnblockAction.RETRY: (EffectState.INTENDED, "tried again"),
    UnblockAction.DONE_BY_HAND: (EffectState.DONE, "done by hand"),
    UnblockAction.SKIP: (EffectState.SKIPPED, "left out"),
}


async def unblock(case: "Case[Any]", taken: DecisionTaken, decision: Unblock) -> None:
    """Applies what was decided, or raises Refused."""
    effect = next((known for known in case.state.blocked() if known.op_key == decision.op_key), None)
    if effect is None:
        raise Refused("That call is not stuck; it may have gone through meanwhile.")
    if decision.action is not UnblockAction.RETRY and not taken.role.may_act_as(effect.by_hand_needs):
        raise Refused(
            f"To settle this by hand needs the role {effect.by_hand_needs.value}; {taken.author} is {taken.role.value}."
        )
    state, words = _DECIDED[decision.action]
    by_two = decision.action is UnblockAction.DONE_BY_HAND and effect.by_hand_key is not None
    if by_two and not _is_confirmed(effect, taken.author, decision.provider_id):
        text = f"{effect.summary}: booked as {decision.provider_id}; somebody else confirms it."
        case.record("booked", text, actor=taken.author, decision_id=taken.decision_id)
        case.accept(taken.decision_id)
        return
    key = (effect.by_hand_key if by_two else None) or effect.op_key
    noted = EffectDecision(op_key=key, state=state, provider_id=decision.provider_id, author=taken.author)
    await look_up(DECIDE_EFFECT, noted, None, f"Note {decision.action.value}")
    if decision.action is UnblockAction.RETRY or by_two:
        effect.status, effect.words, effect.attempt = EffectStatus.RUNNING, None, effect.attempt + 1
    else:
        case.remove(effect)
        case.done(effect, None) if decision.action is UnblockAction.DONE_BY_HAND else case.skipped(effect)
    case.record("effect_decided", f"{effect.summary}: {words}.", actor=taken.author, decision_id=taken.decision_id)
    case.accept(taken.decision_id)


def _is_confirmed(effect: Effect, author: str, number: str | None) -> bool:
    """Notes under which number somebody says that it was done; True once another person says the same. Raises Refused."""
    if not number:
        raise Refused("Give the number under which it was booked.")
    booked = effect.booked
    if booked is None or booked.by == author:
        if booked is not None and booked.number == number:
            raise Refused(f"You booked it as {number}; somebody else confirms it.")
        effect.booked = Booked(number=number, by=author)
        return False
    if booked.number != number:
        raise Refused(f"{booked.by} booked it as {booked.number}, not {number}. Who booked it may correct the number.")
    return True
