"""Why a playbook cannot be used: every mistake with its file and line."""

from collections.abc import Iterable
from typing import NamedTuple


class Mistake(NamedTuple):
    """One mistake. `file` is named from the playbook's folder; `line` counts from 1 and is None where no line is at fault."""

    file: str
    line: int | None
    words: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {' '.join(self.words.split())}"


class PlaybookError(ValueError):
    """The playbook cannot be used. As text it is one line for each mistake."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))
