"""What a new case is called in lists."""

from collections.abc import Callable
from typing import Any

from workflows._kit.process import Process


def title_of(process: Process, start: dict[str, Any]) -> str:
    """The title of a case begun with `start`."""
    make = _TITLES.get(process.name)
    return make(start) if make else process.title


def _of_return(start: dict[str, Any]) -> str:
    lines = start["lines"]
    orders = list(dict.fromkeys(line["order_id"] for line in lines))
    pieces, several = f"{len(lines)} {'line' if len(lines) == 1 else 'lines'}", "s" if len(orders) > 1 else ""
    return f"Return of {pieces} of order{several} {', '.join(orders)}"


_TITLES: dict[str, Callable[[dict[str, Any]], str]] = {"rma": _of_return}
