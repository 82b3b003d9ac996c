"""Calendars: what is refused and in which words, and what a case keeps of one."""

import json
import shutil
import subprocess
import sys
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.calendars import Calendar
from playbook.errors import PlaybookError
from playbook.loader import DEFAULT_FOLDER, load

ROOT = Path(__file__).parent.parent.parent
MORNING = {"days": [0, 1, 2, 3, 4], "opens": "08:00", "closes": "12:00"}
OFFICE: dict[str, Any] = {"name": "office", "zone": "Europe/Berlin", "hours": [MORNING]}


def closed(on: str, until: str | None = None, reason: str = "Stocktaking") -> dict[str, Any]:
    return {"on": on, "until": until, "reason": reason}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"zone": "Berlin"}, "'Berlin' is no time zone: did you mean Europe/Berlin?"),
        ({"zone": "Europe/Belrin"}, "did you mean Europe/Berlin"),
        ({"zone": "New York"}, "did you mean America/New_York?"),
        ({"zone": "Europe"}, "'Europe' is no time zone"),
        ({"zone": "../../etc/passwd"}, "is no time zone: write an IANA name, such as Europe/Berlin"),
        ({"hours": []}, "a calendar without an open hour keeps no promise"),
        ({"hours": [{**MORNING, "days": []}]}, "at least one"),
        ({"hours": [{**MORNING, "days": [7]}]}, "from 0 (Monday) to 6 (Sunday)"),
        ({"hours": [{**MORNING, "closes": "07:00"}]}, "closes 07:00 is not after opens 08:00; hours over midnight are two"),
        ({"hours": [{**MORNING, "opens": 1080}]}, '1080 is no time of day: write it in quotes, as "08:00"'),
        ({"hours": [{**MORNING, "opens": "24:00"}]}, "'24:00' is no time of day"),
        ({"hours": [{**MORNING, "opens": "8 am"}]}, "'8 am' is no time of day"),
        ({"hours": [{**MORNING, "opens": "08:00Z"}]}, "names a zone of its own"),
        ({"hours": [MORNING, {**MORNING, "opens": "11:00"}]}, "08:00 to 12:00 and 11:00 to 12:00 overlap on Monday"),
        ({"hours": [MORNING, {**MORNING, "days": [4]}]}, "08:00 to 12:00 and 08:00 to 12:00 overlap on Friday"),
        (
            {"hours": [MORNING, {"days": [2], "opens": "12:00", "closes": "24:00"}]},
            "08:00 to 12:00 and 12:00 to 24:00 touch on Wednesday; write them as one",
        ),
        ({"exceptions": [closed("2026-12-24", reason="")]}, "at least 1 character"),
        ({"exceptions": [closed("2026-12-24", until="2026-12-23")]}, "until 2026-12-23 is before on 2026-12-24"),
        (
            {"exceptions": [closed("2026-12-26", reason="Repairs"), closed("2026-12-24", "2026-12-31")]},
            "“Stocktaking” and “Repairs” both say what holds on 2026-12-26; keep one of them",
        ),
        (
            {"exceptions": [{**closed("2026-12-24"), "hours": [MORNING, MORNING]}]},
            "Extra inputs are not permitted",
        ),
        (
            {"exceptions": [{**closed("2026-12-24"), "hours": [{"opens": "08:00", "closes": "10:00"}] * 2}]},
            "08:00 to 10:00 and 08:00 to 10:00 overlap on 2026-12-24",
        ),
        ({"exceptions": [closed("2026-12-24", "2028-01-01")]}, "closed from 2026-12-24 to 2028-01-01, more than a year"),
        (
            {"exceptions": [closed("2027-01-04", "2027-12-31"), closed("2026-12-24", "2027-01-01")]},
            "closed from 2026-12-24 to 2027-12-31, more than a year without an open hour",
        ),
        ({"holidays": {"country": "Germany"}}, "no holidays are known of country 'Germany': write the two letters"),
        ({"holidays": {"country": "DE", "region": "Hamburg"}}, "region 'Hamburg' of DE: there are BB, BE, BW"),
        ({"holidays": {"country": "JP", "region": "13"}}, "region '13' of JP: the country has no regions"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Calendar.model_validate(OFFICE | change)
    assert said in str(refused.value)


def test_long_closures_with_working_days_between_them_are_no_slip() -> None:
    winters = [closed("2026-10-01", "2027-04-30"), closed("2027-10-01", "2028-04-30")]
    assert Calendar.model_validate(OFFICE | {"exceptions": winters}).exceptions[1].last == date(2028, 4, 30)


def test_midnight_at_the_end_of_the_day_comes_back_as_it_went() -> None:
    late = Calendar.model_validate(OFFICE | {"hours": [{**MORNING, "closes": "24:00"}]})
    assert late.hours[0].closes == time(0)
    assert Calendar.model_validate_json(late.model_dump_json()) == late


def test_a_calendar_of_an_older_case_loads_unchanged() -> None:
    """As cases carried it before there were exceptions and holidays."""
    hours = [{"days": [0, 1, 2, 3, 4, 5, 6], "opens": "00:00:00", "closes": "23:59:59.999999"}]
    older = {"name": "always", "zone": "UTC", "hours": hours}
    loaded = Calendar.model_validate_json(json.dumps(older))
    assert loaded.model_dump(mode="json", exclude_defaults=True) == older
    assert loaded == loaded.pinned(date(2026, 11, 23))


def test_pinning_writes_out_the_holidays_of_working_days() -> None:
    hamburg = Calendar.model_validate(OFFICE | {"holidays": {"country": "DE", "region": "HH"}})
    pinned = hamburg.pinned(date(2026, 11, 23))
    assert pinned.holidays is None
    said = [(special.on.isoformat(), special.reason) for special in pinned.exceptions if special.on <= date(2027, 6, 1)]
    assert said == [  # 31 October and 26 December 2026 and 1 May 2027 are Saturdays
        ("2026-12-25", "Christmas Day"),
        ("2027-01-01", "New Year's Day"),
        ("2027-03-26", "Good Friday"),
        ("2027-03-29", "Easter Monday"),
        ("2027-05-06", "Ascension Day"),
        ("2027-05-17", "Pentecost Monday"),
    ]
    assert pinned.exceptions[-1].on == date(2028, 10, 31)
    assert pinned.pinned(date(2026, 11, 23)) == pinned
    assert Calendar.model_validate_json(pinned.model_dump_json()) == pinned


def test_a_holiday_kept_on_another_day_says_so() -> None:
    york = Calendar.model_validate(OFFICE | {"zone": "America/New_York", "holidays": {"country": "US"}})
    reasons = {special.on: special.reason for special in york.pinned(date(2026, 7, 1), years=1).exceptions}
    assert reasons[date(2026, 7, 3)] == "Independence Day (observed)"
    assert date(2026, 7, 4) not in reasons


def test_an_exception_beats_a_holiday_and_goes_when_it_is_long_over() -> None:
    sale = {"on": "2026-12-25", "hours": [{"opens": "10:00", "closes": "14:00"}], "reason": "Christmas sale"}
    exceptions = [sale, closed("2026-09-01", "2026-11-01"), closed("2026-09-30", "2026-09-30")]
    with pytest.raises(ValidationError, match="both say what holds on 2026-09-30"):
        Calendar.model_validate(OFFICE | {"exceptions": exceptions})
    office = Calendar.model_validate(OFFICE | {"exceptions": exceptions[:2], "holidays": {"country": "DE"}})
    assert [special.reason for special in office.pinned(date(2026, 12, 2)).exceptions][:2] == ["Stocktaking", "Christmas sale"]
    assert office.pinned(date(2026, 12, 3)).exceptions[0].reason == "Christmas sale"
    christmas = [special for special in office.pinned(date(2026, 12, 3)).exceptions if special.on == date(2026, 12, 25)]
    assert [special.reason for special in christmas] == ["Christmas sale"]


def test_a_pinned_calendar_never_loads_the_list_of_holidays() -> None:
    """Workflows read and use pinned ones alone, and must take the same course with a newer list."""
    pinned = Calendar.model_validate(OFFICE | {"holidays": {"country": "DE"}}).pinned(date(2026, 11, 23))
    code = """
import sys
from datetime import UTC, datetime, timedelta
from domain.business_time import add_business_time
from domain.calendars import Calendar
calendar = Calendar.model_validate_json(sys.stdin.read())
print(add_business_time(calendar, datetime(2026, 12, 24, 10, tzinfo=UTC), timedelta(hours=2)), 'holidays' in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], input=pinned.model_dump_json(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "2026-12-28 08:00:00+00:00 False"


def written(folder: Path, calendar: str) -> Path:
    shutil.copytree(DEFAULT_FOLDER, folder)
    places = (DEFAULT_FOLDER / "calendars.yaml").read_text(encoding="utf-8")
    (folder / "calendars.yaml").write_text(f"{places}\n{calendar}", encoding="utf-8")
    return folder


def test_yaml_means_what_it_seems_to(tmp_path: Path) -> None:
    """PyYAML alone reads `NO` and `on` as truth values and 18:00 as the number 1080."""
    oslo = """
oslo:
  name: Oslo
  zone: Europe/Oslo
  hours: [{days: [0, 1], opens: 08:00, closes: 18:00}]
  holidays: {country: NO}
  exceptions: [{on: 2026-12-24, until: 2026-12-31, reason: Between the years}]
"""
    found = load(written(tmp_path / "playbook", oslo)).calendars["oslo"]
    assert found.holidays is not None
    assert (found.holidays.country, found.hours[0].closes, found.exceptions[0].on) == ("NO", time(18), date(2026, 12, 24))


def test_the_playbook_is_refused_with_the_place(tmp_path: Path) -> None:
    folder = written(tmp_path / "playbook", "oslo: {name: Oslo, zone: Europe/Olso, hours: []}")
    with pytest.raises(PlaybookError, match=r"calendars\.yaml:\d+: oslo\.zone: 'Europe/Olso' is no time zone: .*Europe/Oslo"):
        load(folder)
