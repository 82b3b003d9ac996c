"""Lateness as it is shown: by kind and step, and the latest that came too late."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import Field

from api.services import Services
from api.views.parts import View
from storage.reading_lateness import late_notices, lateness_by_step

LATE_AFTER = timedelta(seconds=60)
_LISTED = 10


class LatenessView(View):
    """How late notices of one kind and step were given, in seconds."""

    kind: str = Field(description="warning, missed, escalated, stalled, planned or handed_over", examples=["escalated"])
    step: int | None = Field(description="which step of the ladder, counted from 1; null where it is none", examples=[2])
    count: int = Field(examples=[41])
    median: float = Field(examples=[0.21])
    p95: float = Field(description="all but one in twenty were given by then", examples=[0.8])
    worst: float = Field(examples=[12.4])


class LateNoticeView(View):
    """A notice that was given too late."""

    case_id: UUID
    number: int = Field(examples=[1042])
    title: str = Field(examples=["Where is order 10452?"])
    kind: str = Field(examples=["missed"])
    clock: str | None = Field(description="which clock gave it, where the record says so", examples=["first_response"])
    step: int | None = Field(description="counted from 1", examples=[None])
    planned_for: datetime
    at: datetime = Field(description="when it was given")
    seconds: float = Field(description="between the two", examples=[95.0])


class LatenessReport(View):
    """Of the last `hours`: all notices by kind and step, and the ten latest of those more than a minute late."""

    hours: int = Field(examples=[24])
    items: list[LatenessView]
    late: list[LateNoticeView]


async def lateness_report(services: Services, hours: int) -> LatenessReport:
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with services.database.begin() as connection:
        steps = await lateness_by_step(connection, since)
        late = await late_notices(connection, since, LATE_AFTER.total_seconds(), _LISTED)
    return LatenessReport(
        hours=hours,
        items=[LatenessView.model_validate(asdict(each) | {"step": _from_one(each.step)}) for each in steps],
        late=[LateNoticeView.model_validate(asdict(each) | {"step": _from_one(each.step)}) for each in late],
    )


def _from_one(step: int | None) -> int | None:
    return None if step is None else step + 1
