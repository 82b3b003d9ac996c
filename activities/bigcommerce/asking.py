"""Asking a store against a deadline: what gets no answer is noted in words instead of failing the whole."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from activities._kit.errors import NeedsOperator, OutsideError

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class NoAnswer(Exception):
    """The store did not answer in time, or not to us. It is noted already."""


class Asking:
    """The questions to one store. `unanswered` says in words what there was no answer to."""

    def __init__(self, title: str, until: float) -> None:
        """`until` is a moment of the running loop's clock."""
        self._title = title
        self._until = until
        self.unanswered: list[str] = []

    async def ask(self, asked: Awaitable[_Result], promise: str) -> _Result:
        """The answer. Raises NoAnswer after noting, with a promise, that there was none."""
        try:
            async with asyncio.timeout_at(self._until):
                return await asked
        except NeedsOperator as error:
            _log.warning("%s refuses our access: %s", self._title, error.message)
            self.unanswered.append(f"{self._title} refuses our access; {promise} once that is mended.")
        except (TimeoutError, OutsideError) as error:
            _log.warning("%s did not answer a look-up: %s", self._title, error)
            self.unanswered.append(f"The store did not answer; {promise}.")
        raise NoAnswer
