"""What operators read of a case in the Temporal Web UI."""

from datetime import datetime

from workflows._kit.state import CaseState, EffectStatus


def why(state: CaseState, moment: datetime) -> str:
    """What a timer is for."""
    clock = min((clock for clock in state.clocks if clock.is_live), key=lambda clock: clock.due_at, default=None)
    due = f"{clock.name.words} due {clock.due_at:%Y-%m-%d %H:%M} UTC; " if clock is not None else ""
    return f"{due}look again {moment:%Y-%m-%d %H:%M} UTC"


def details(headline: str, state: CaseState) -> str:
    """Stage, owner, deadlines and what is under way or stuck, as Markdown."""
    lines = [
        f"**{headline}**",
        f"- Stage: {state.stage.replace('_', ' ')} ({state.status})",
        f"- Owner: {state.owner or 'nobody'}, queue {state.queue or '-'}",
    ]
    lines += [f"- {clock.name.words}: due {clock.due_at:%Y-%m-%d %H:%M} UTC" for clock in state.clocks if clock.is_live]
    lines += [f"- Stuck: {effect.summary}: {effect.words}" for effect in state.blocked()]
    lines += [f"- Under way: {effect.summary}" for effect in state.effects if effect.status is EffectStatus.RUNNING]
    return "\n".join(lines)
