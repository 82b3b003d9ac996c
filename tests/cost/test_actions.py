"""The cost gate: what a ticket and a return may cost at most, by the server's own counter and by their histories."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.measure import SCRIPTS, Cost, measure

ROOT = Path(__file__).parent.parent.parent
BUDGETED = [script.name for script in SCRIPTS if script.budget is not None]

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    """Every life once, on one server of its own."""
    measured = asyncio.run(measure([script.name for script in SCRIPTS]))
    return {cost.script.name: cost for cost in measured}


@pytest.mark.parametrize("name", BUDGETED)
def test_a_life_costs_no_more_than_its_budget(costs: dict[str, Cost], name: str) -> None:
    assert costs[name].is_within_budget, costs[name].as_text()


@pytest.mark.parametrize("name", [script.name for script in SCRIPTS])
def test_counter_and_formula_agree(costs: dict[str, Cost], name: str) -> None:
    cost = costs[name]
    print(cost.as_text())
    assert cost.actions.total() == cost.formula, cost.as_text()


def test_the_budgets_are_those_of_the_design() -> None:
    budgets = {script.name: script.budget for script in SCRIPTS if script.budget is not None}
    assert {name: (budget.actions, budget.events) for name, budget in budgets.items()} == {
        "ticket": (9, 31),
        "ticket-week": (9, 31),
        "rma": (14, 45),
    }


def test_one_more_than_the_budget_fails(costs: dict[str, Cost]) -> None:
    """A gate that cannot close is none."""
    ticket = costs["ticket"]
    budget = ticket.script.budget
    assert budget is not None
    dearer = ticket.actions + type(ticket.actions)(query=budget.actions - ticket.actions.total() + 1)
    assert not Cost(ticket.script, dearer, ticket.events, ticket.formula).is_within_budget
    longer = ticket.events + type(ticket.events)(TimerStarted=budget.events - ticket.events.total() + 1)
    assert not Cost(ticket.script, ticket.actions, longer, ticket.formula).is_within_budget


def test_the_command_prints_the_same_figures() -> None:
    command = [sys.executable, "-m", "bench.actions", "ticket", "--json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    (life,) = json.loads(result.stdout)["lives"]
    assert (life["life"], life["most_actions"], life["most_events"]) == ("ticket", 9, 31)
    assert life["actions"] == life["actions_by_formula"] == sum(life["actions_by_type"].values())
