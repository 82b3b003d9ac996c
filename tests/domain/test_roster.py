"""Who is on duty, and who owns what, case by case. A whole month of it is in test_roster_month."""

from collections.abc import Mapping

import pytest

from domain.calendars import PublicHolidays
from domain.roster import (
    Absence,
    Duty,
    ExtraShift,
    Roster,
    UnknownQueue,
    choose_owner,
    duty_ends,
    keep_owner,
    next_duty,
    on_duty,
    queues_of,
    stand_ins,
)
from tests.domain.rosters import QUEUE, at, calendar, playbook_of

EARLY, LATE = calendar((7, 15)), calendar((12, 20))
TEAM = playbook_of({"Ann": EARLY, "Bob": LATE, "Cid": LATE})


def away(person: str, starts: str, ends: str) -> Absence:
    return Absence(person=person, starts=at(starts), ends=at(ends), why="holiday")


def extra(person: str, starts: str, ends: str) -> ExtraShift:
    return ExtraShift(person=person, starts=at(starts), ends=at(ends), why="peak")


def chosen(
    roster: Roster,
    moment: str,
    open_tickets: Mapping[str, int] | None = None,
    presence: tuple[str, ...] | None = None,
    but_not: str | None = None,
) -> Duty:
    return choose_owner(roster, QUEUE, at(moment), open_tickets or {}, presence, but_not)


def test_duty_is_the_shift_its_end_left_out() -> None:
    roster = Roster(TEAM)
    assert [on_duty(roster, "Ann", at(f"2026-03-02T{hour}")) for hour in ("06:59", "07:00", "14:59", "15:00")] == [
        False,
        True,
        True,
        False,
    ]
    assert duty_ends(roster, "Ann", at("2026-03-02T07:00")) == at("2026-03-02T15:00")
    assert next_duty(roster, "Ann", at("2026-03-02T10:00")) == at("2026-03-02T10:00")
    assert next_duty(roster, "Ann", at("2026-03-06T15:00")) == at("2026-03-09T07:00"), "Friday's end to Monday"


def test_a_shift_keeps_its_local_hours_over_a_clock_change() -> None:
    roster = Roster(playbook_of({"Ann": calendar((7, 15), days=(6,))}))
    assert next_duty(roster, "Ann", at("2026-03-28T12:00")).isoformat() == "2026-03-29T05:00:00+00:00"  # type: ignore[union-attr]
    assert duty_ends(roster, "Ann", at("2026-10-25T07:00")).isoformat() == "2026-10-25T14:00:00+00:00"  # type: ignore[union-attr]


def test_adjoining_duties_are_one_and_an_absence_cuts_it() -> None:
    morning = playbook_of({"Ann": calendar((8, 12))})
    longer = (
        extra("Ann", "2026-03-02T12:00", "2026-03-02T16:00"),
        extra("Ann", "2026-03-02T16:00", "2026-03-02T18:00"),
        extra("Ann", "2026-03-02T17:00", "2026-03-02T19:30"),
    )
    nine = at("2026-03-02T09:00")
    assert duty_ends(Roster(morning), "Ann", nine) == at("2026-03-02T12:00")
    assert duty_ends(Roster(morning, extra_shifts=longer), "Ann", nine) == at("2026-03-02T19:30")
    doctor = away("Ann", "2026-03-02T11:00", "2026-03-02T17:00")
    roster = Roster(morning, (doctor,), longer)
    assert duty_ends(roster, "Ann", nine) == at("2026-03-02T11:00")
    assert not on_duty(roster, "Ann", at("2026-03-02T16:30")), "an absence beats an extra shift"
    assert next_duty(roster, "Ann", at("2026-03-02T11:00")) == at("2026-03-02T17:00")


def test_shifts_keep_the_holidays_of_their_calendar() -> None:
    shift = calendar((8, 12)).model_copy(update={"holidays": PublicHolidays(country="DE", region="HH")})
    roster = Roster(playbook_of({"Ann": shift}))
    assert next_duty(roster, "Ann", at("2026-04-02T12:00")) == at("2026-04-07T08:00"), "Good Friday to Easter Monday"


def test_who_has_no_shifts_is_on_duty_until_absent() -> None:
    roster = Roster(TEAM)
    sunday = at("2026-03-01T03:00")
    assert on_duty(roster, "Olga", sunday)
    assert duty_ends(roster, "Olga", sunday) is None
    roster = Roster(TEAM, (away("Olga", "2026-03-02T00:00", "2026-03-16T00:00"),))
    assert duty_ends(roster, "Olga", sunday) == at("2026-03-02T00:00")
    assert next_duty(roster, "Olga", at("2026-03-05T12:00")) == at("2026-03-16T00:00")


def test_who_left_the_playbook_is_never_on_duty() -> None:
    roster = Roster(TEAM, extra_shifts=(extra("Zoe", "2026-03-01T00:00", "2026-03-09T00:00"),))
    shift = at("2026-03-02T12:00")
    assert next_duty(Roster(TEAM), "Zoe", shift) is None
    assert keep_owner(roster, QUEUE, "Zoe", shift) is None


def test_the_end_of_a_duty_that_does_not_run_is_refused() -> None:
    with pytest.raises(ValueError, match="Ann is not on duty"):
        duty_ends(Roster(TEAM), "Ann", at("2026-03-01T12:00"))


def test_signed_in_first_then_fewest_tickets_then_name() -> None:
    roster = Roster(TEAM)
    assert chosen(roster, "2026-03-02T13:00").owner == "Ann"
    assert chosen(roster, "2026-03-02T13:00", {"Ann": 2, "Bob": 1, "Cid": 1}).owner == "Bob"
    assert chosen(roster, "2026-03-02T13:00", {"Ann": 2, "Bob": 1, "Cid": 0}, ("Ann", "Olga")).owner == "Ann"
    duty = chosen(roster, "2026-03-02T13:00", {"Bob": 1}, ("Bob",))
    assert duty.until == at("2026-03-02T20:00")
    assert duty.reason == "Bob is on duty until Mon 2026-03-02 20:00 CET in team Repairs, signed in, open tickets: 1."


def test_who_goes_soon_gets_nothing_if_a_colleague_stays() -> None:
    roster = Roster(TEAM)
    busy = {"Bob": 9, "Cid": 9}
    assert chosen(roster, "2026-03-02T14:29", busy).owner == "Ann"
    assert chosen(roster, "2026-03-02T14:30", busy).owner == "Bob", "30 minutes before the end of her shift"
    assert chosen(roster, "2026-03-02T19:45", {"Bob": 1}).owner == "Cid", "both go at the same time"
    longest = Roster(TEAM, extra_shifts=(extra("Bob", "2026-03-02T20:00", "2026-03-02T20:05"),))
    assert chosen(longest, "2026-03-02T19:45", {"Bob": 1}).owner == "Bob", "all go soon, he last"


def test_nobody_on_duty_gives_it_to_the_named_owner_until_somebody_comes() -> None:
    duty = chosen(Roster(TEAM), "2026-03-06T20:00")
    assert (duty.owner, duty.until) == ("Olga", at("2026-03-09T07:00"))
    assert duty.reason == "Nobody in team Repairs is on duty before Mon 2026-03-09 07:00 CET; Olga answers for Repairs."
    all_gone = Roster(TEAM, tuple(away(name, "2026-03-01T00:00", "2028-01-01T00:00") for name in ("Ann", "Bob", "Cid")))
    assert chosen(all_gone, "2026-03-06T10:00").until is None


def test_somebody_else_is_found_where_there_is_one() -> None:
    roster = Roster(TEAM)
    assert chosen(roster, "2026-03-02T13:00", but_not="Ann").owner == "Bob"
    alone = chosen(roster, "2026-03-02T10:00", but_not="Ann")
    assert (alone.owner, alone.until) == ("Olga", at("2026-03-02T12:00")), "until a colleague comes"
    asleep = Roster(playbook_of({"Ann": EARLY, "Bob": LATE}, owner_shifts=LATE))
    alone = chosen(asleep, "2026-03-02T10:00", but_not="Ann")
    assert (alone.owner, alone.until) == ("Ann", at("2026-03-02T12:00")), "better her than an owner who sleeps"
    night = chosen(roster, "2026-03-02T03:00", but_not="Ann")
    assert (night.owner, night.until) == ("Olga", at("2026-03-02T07:00"))


def test_an_owner_on_duty_keeps_the_work_and_a_stand_in_does_not() -> None:
    roster = Roster(TEAM)
    one = at("2026-03-02T13:00")
    kept = keep_owner(roster, QUEUE, "Cid", one)
    assert kept is not None
    assert kept.until == at("2026-03-02T20:00")
    assert keep_owner(roster, QUEUE, "Olga", one) is None
    assert keep_owner(roster, QUEUE, "Cid", at("2026-03-02T20:00")) is None


def test_a_named_owner_stands_in_only_while_off_duty_in_the_team() -> None:
    roster = Roster(playbook_of({"Ann": EARLY, "Olga": LATE}))
    assert stand_ins(roster, at("2026-03-02T10:00")) == {QUEUE: "Olga"}
    assert stand_ins(roster, at("2026-03-02T13:00")) == {}
    assert queues_of(roster.playbook, "Ann") == {QUEUE}
    assert queues_of(TEAM, "Olga") == frozenset()


def test_a_queue_that_is_gone_is_named() -> None:
    with pytest.raises(UnknownQueue, match="queue 'gone' is not in the playbook; it has repairs"):
        choose_owner(Roster(TEAM), "gone", at("2026-03-02T10:00"), {}, None, None)


def test_a_member_without_shifts_may_be_the_named_owner() -> None:
    playbook = playbook_of({"Ann": EARLY, "Olga": None})
    assert chosen(Roster(playbook), "2026-03-01T03:00").owner == "Olga"
