"""What every rule of the playbook has in common: it cannot be changed, and says so when a name in it is unknown."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _duration(value: object) -> object:
    """Reads `30m`, `4h`, `2d` as people write them; ISO 8601 (`PT2S`) is what it is written back as."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if isinstance(value, str) and not value.startswith("P"):
        if value[-1:] not in units or not value[:-1].isdigit():
            raise ValueError(f"{value!r} is no duration: write it as 30m, 4h or 2d")
        return timedelta(**{units[value[-1]]: int(value[:-1])})
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
