"""Merge, work, undo: afterwards both tickets are as if they had never been one (B4)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.records.models import FoundReference
from domain.playbook import Playbook
from domain.references import ReferenceKind
from playbook.loader import DEFAULT_FOLDER, load
from tests.workflows.ticket_lives import Lives
from workflows.ticket.contract import (
    Assign,
    Merge,
    Note,
    Reopen,
    Reply,
    Resolve,
    Retag,
    Snooze,
    Unmerge,
    Wait,
    WaiveReference,
)

PLAYBOOK: Playbook = load(DEFAULT_FOLDER)
NUMBERS = {"a": 1001, "b": 1002, "c": 1003}
ORDERS = {"a": "10401", "b": "10402", "c": "10403"}

names = st.sampled_from(sorted(NUMBERS))
events = st.one_of(
    st.tuples(st.just("write"), names, st.sampled_from(["", "10401", "10409"])),
    st.tuples(st.just("wait"), st.integers(1, 60), st.just("")),
    st.tuples(st.just("merge"), names, names),
    st.tuples(st.just("unmerge"), names, st.just("")),
    st.tuples(
        st.sampled_from(["reply", "close", "note", "assign", "tier", "tags", "snooze", "party", "resolve", "reopen", "waive"]),
        names,
        st.just(""),
    ),
)


def order(number: str) -> FoundReference:
    return FoundReference(kind=ReferenceKind.ORDER, value=number, orders=(number,), score=100)


def decision_of(kind: str, lives: Lives) -> Any:
    return {
        "reply": lambda: Reply(text="It left us today."),
        "close": lambda: Reply(text="It left us today.", close=True),
        "note": lambda: Note(text="Called them."),
        "assign": lambda: Assign(owner="Sofia Marin"),
        "tier": lambda: Retag(tier="gold"),
        "tags": lambda: Retag(tags=["peak"]),
        "snooze": lambda: Snooze(until=lives.time + timedelta(hours=5)),
        "party": lambda: Wait(party="the carrier"),
        "resolve": lambda: Resolve(waive_open=True),
        "reopen": lambda: Reopen(),
        "waive": lambda: WaiveReference(value="10409"),
    }[kind]()


def begun() -> Lives:
    lives = Lives(PLAYBOOK)
    for name, number in NUMBERS.items():
        lives.open(name, number, order(ORDERS[name]))
        lives.wait(timedelta(minutes=7))
    return lives


async def live(history: list[tuple[str, Any, str]]) -> tuple[Lives, list[tuple[str, Any, str]]]:
    """Lives through a history, undoes what is merged at its end, and returns what of it counts without the merges."""
    lives, counted = begun(), []
    for event in history:
        kind, what, more = event
        if kind == "merge":
            await lives.decide(what, Merge(into=NUMBERS[more]))
        elif kind == "unmerge":
            await lives.decide(what, Unmerge())
        elif kind not in ("write", "wait"):
            if await lives.decide(what, decision_of(kind, lives)):
                counted.append(event)
        else:
            counted.append(event)
            await happen(lives, event)
    for name in NUMBERS:
        if lives.tickets[name].state.merged_into is not None:
            assert await lives.decide(name, Unmerge())
    return lives, counted


async def happen(lives: Lives, event: tuple[str, Any, str]) -> None:
    kind, what, more = event
    if kind == "write":
        await lives.write(what, (order(more),) if more else ())
    elif kind == "wait":
        lives.wait(timedelta(hours=what))
    else:
        await lives.decide(what, decision_of(kind, lives))


@pytest.mark.exhaustive
@settings(max_examples=500, deadline=None)
@given(st.lists(events, min_size=3, max_size=25))
def test_an_undone_merge_leaves_no_trace_but_the_log(history: list[tuple[str, Any, str]]) -> None:
    async def both() -> None:
        merged, counted = await live(history)
        never = begun()
        for event in counted:
            await happen(never, event)
        for name in NUMBERS:
            assert merged.shown(name) == never.shown(name)
            mine = [each.received_at for each in merged.messages.values() if each.case_id == merged.identity(name)]
            assert mine == [each.received_at for each in never.messages.values() if each.case_id == never.identity(name)]

    asyncio.run(both())
