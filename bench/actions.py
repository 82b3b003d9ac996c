"""Billed actions and events of a ticket's and a return's life: `python -m bench.actions`."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bench import machine
from bench.measure import SCRIPTS, Cost, measure

NAMES = [script.name for script in SCRIPTS]


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Lives to measure: {', '.join(NAMES)}. All by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document in place of the tables.")] = False,
) -> None:
    """Measure what a life costs on a Temporal development server; fails when one costs more than its budget."""
    if unknown := set(names or []) - set(NAMES):
        raise typer.BadParameter(f"no such life: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    costs = _measured(names or NAMES)
    if as_json:
        typer.echo(json.dumps({"machine": machine.description(), "lives": [as_document(cost) for cost in costs]}, indent=2))
    else:
        typer.echo(machine.description())
        for cost in costs:
            typer.echo(cost.as_text())
    if not all(cost.is_within_budget for cost in costs):
        raise typer.Exit(1)


def _measured(names: list[str]) -> list[Cost]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("lives", total=len(names))
        return asyncio.run(measure(names, lambda _: progress.advance(task)))


def as_document(cost: Cost) -> dict[str, object]:
    """The figures of one life for a program."""
    budget = cost.script.budget
    return {
        "life": cost.script.name,
        "actions": cost.actions.total(),
        "events": cost.events.total(),
        "most_actions": budget.actions if budget else None,
        "most_events": budget.events if budget else None,
        "actions_by_formula": cost.formula,
        "actions_by_type": dict(sorted(cost.actions.items())),
        "events_by_type": dict(sorted(cost.events.items())),
    }


if __name__ == "__main__":
    typer.run(main)
