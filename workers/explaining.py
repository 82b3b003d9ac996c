"""`casework explain`: why deadlines are when they are, and whether each still follows from the record of its case."""

from collections.abc import Iterator, Sequence
from itertools import islice

from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from domain.explaining import explain, recorded
from domain.sla import ClockState
from domain.verifying import differences
from storage.engine import Database
from storage.reading_promises import StoredPromises, read_case_numbers, read_promises
from workers import database
from workers.errors import CommandError
from workers.settings import Settings

_AT_A_TIME = 200
"""Cases read in one go."""


async def explain_cases(
    settings: Settings, console: Console, numbers: Sequence[int], *, verify: bool, everything: bool
) -> bool:
    """Prints the clocks of these cases and how their deadlines came about; with `verify` also what does not agree with the
    record. With both, of `everything` only what does not agree is printed, and a sum. Returns whether all agrees.

    Raises CommandError where nothing or too much is chosen, where the database cannot be reached, and at the end where a number
    is nobody's.
    """
    if everything == bool(numbers):
        raise CommandError("say which cases: their numbers, or --all")
    async with database.opened(settings) as opened:
        if everything:
            return await _go_over_all(opened, console, verify)
        return await _explain(opened, console, numbers, verify)


async def _go_over_all(kept: Database, console: Console, verify: bool) -> bool:
    async with kept.begin() as connection:
        numbers = await read_case_numbers(connection)
    wrong = 0
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("cases", total=len(numbers))
        for some in _batches(numbers):
            for case in (await _read(kept, some)).values():
                if not verify:
                    _show(progress.console, case)
                found = _differences(case) if verify else []
                wrong += bool(found)
                for words in found:
                    _say(progress.console, f"{case.workflow_id}: {words}")
                progress.advance(task)
    agreed = f": {len(numbers) - wrong} agree, {wrong} do not" if verify else ""
    _say(console, f"{len(numbers)} {'case' if len(numbers) == 1 else 'cases'}{agreed}")
    return wrong == 0


async def _explain(kept: Database, console: Console, numbers: Sequence[int], verify: bool) -> bool:
    cases = await _read(kept, numbers)
    agrees = True
    for number in dict.fromkeys(numbers):
        if number not in cases:
            continue
        _show(console, cases[number])
        if verify:
            found = _differences(cases[number])
            agrees = agrees and not found
            for words in found or ["agrees"]:
                _say(console, f"  {'differs: ' if found else ''}{words}")
    unknown = [str(number) for number in dict.fromkeys(numbers) if number not in cases]
    if unknown:
        raise CommandError(f"there is no ticket or return {', '.join(unknown)}; the number is the one in the inbox")
    return agrees


async def _read(kept: Database, numbers: Sequence[int]) -> dict[int, StoredPromises]:
    async with kept.begin() as connection:
        return await read_promises(connection, numbers)


def _differences(case: StoredPromises) -> list[str]:
    try:
        return differences(case.record)
    except ValidationError as error:
        first = error.errors()[0]
        return [f"its clocks cannot be read: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}."]


def _show(console: Console, case: StoredPromises) -> None:
    _say(console, f"{case.workflow_id}: {case.title}")
    try:
        clocks, promises = recorded(case.record.state)
    except ValidationError:
        _say(console, "  Its clocks cannot be read.")
        return
    if not clocks:
        _say(console, "  No clocks.")
        return
    table = Table("Clock", "State", "Due")
    for clock in clocks:
        due = "" if clock.state is ClockState.PAUSED else f"{clock.due_at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(clock.name.words, clock.state.value, due)
    console.print(table)
    for clock in clocks:
        _say(console, f"  {clock.name.words}:")
        for line in explain(clock, promises):
            _say(console, f"    {line}")


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def _batches(numbers: Sequence[int]) -> Iterator[list[int]]:
    left = iter(numbers)
    while some := list(islice(left, _AT_A_TIME)):
        yield some
