"""What is wrong between rules that are right one by one: gathered with its places, told all at once."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Place = tuple[str | int, ...]
"""Keys and positions (from 0) on the way from the root of the rules to what is meant."""

_MOST_NAMED = 12


class Mistakes:
    """Gathers mistakes. `raise_found` ends the validator that looked for them."""

    def __init__(self) -> None:
        self._found: list[InitErrorDetails] = []

    def add(self, place: Place, words: str) -> None:
        """Notes one mistake. `words` are whole sentences that say what is wrong and how to mend it."""
        mistake = PydanticCustomError("mistake", "{words}", {"words": words})
        self._found.append(InitErrorDetails(type=mistake, loc=place, input=None))

    def require(self, place: Place, name: str, known: Collection[str], kind: str) -> None:
        """Notes a name at `place` that is none of the `known` ones. `kind` says what they are, such as `queue`."""
        if name not in known:
            self.add(place, f"there is no {kind} {name!r}. {suggestion(name, known)}")

    def require_all(self, place: Place, names: Sequence[str], known: Collection[str], kind: str) -> None:
        """Notes every name of the list at `place` that is none of the `known` ones."""
        for number, name in enumerate(names):
            self.require((*place, number), name, known, kind)

    def raise_found(self) -> None:
        """Raises pydantic's ValidationError, with a place for each mistake, where there is one."""
        if self._found:
            raise ValidationError.from_exception_data("rules", self._found)


def suggestion(name: str, known: Collection[str]) -> str:
    """A sentence that helps a person who wrote `name` in place of one that exists."""
    if nearest := get_close_matches(name, known, n=1):
        return f"Did you mean {nearest[0]!r}?"
    if not known:
        return "None is defined."
    rest = len(known) - _MOST_NAMED
    return f"There are {', '.join(sorted(known)[:_MOST_NAMED])}{f' and {rest} more' if rest > 0 else ''}."
