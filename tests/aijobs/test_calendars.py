"""When schedules come due: against a clock that is read minute by minute, and by tables of changes of clocks."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import strategies as st

from aijobs.calendars import Calendar, Cron, Interval, InvalidCalendar, cron, delay, due_times, in_words, upcoming
from tests.drawing import draws

OWNER = UUID("01920000-0000-7000-8000-000000000001")
BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
CASABLANCA, TOKYO = "Africa/Casablanca", "Asia/Tokyo"
# Half an hour before the clocks are changed, in UTC. In Casablanca they go back for Ramadan, and forward after it.
FORWARD = {
    BERLIN: datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    NEW_YORK: datetime(2026, 3, 8, 6, 30, tzinfo=UTC),
    LORD_HOWE: datetime(2026, 10, 3, 15, 0, tzinfo=UTC),
    CASABLANCA: datetime(2026, 3, 22, 1, 30, tzinfo=UTC),
    TOKYO: datetime(2026, 3, 28, 16, 30, tzinfo=UTC),
}
BACK = {
    BERLIN: datetime(2026, 10, 25, 0, 0, tzinfo=UTC),
    NEW_YORK: datetime(2026, 11, 1, 5, 0, tzinfo=UTC),
    LORD_HOWE: datetime(2026, 4, 4, 14, 0, tzinfo=UTC),
    CASABLANCA: datetime(2026, 2, 15, 1, 0, tzinfo=UTC),
    TOKYO: datetime(2026, 10, 24, 16, 0, tzinfo=UTC),
}


def local(calendar: Cron, after: datetime, count: int) -> list[str]:
    """The next due times as the clock there reads, with its offset."""
    return [f"{due.astimezone(calendar.zone):%d %H:%M %z}" for due in islice(upcoming(calendar, after), count)]


@pytest.mark.parametrize(
    ("zone", "expression", "expected"),
    [
        # Times that are left out are due when the clocks go forward, and once.
        (BERLIN, "30 2 * * *", ["29 03:00 +0200", "30 02:30 +0200"]),
        (BERLIN, "0,30 2-3 * * *", ["29 03:00 +0200", "29 03:30 +0200", "30 02:00 +0200"]),
        (BERLIN, "30 * * * *", ["29 03:30 +0200", "29 04:30 +0200"]),
        (BERLIN, "*/20 * * * *", ["29 01:40 +0100", "29 03:00 +0200", "29 03:20 +0200"]),
        (BERLIN, "*/20 2 * * *", ["30 02:00 +0200", "30 02:20 +0200"]),
        (NEW_YORK, "30 2 * * *", ["08 03:00 -0400", "09 02:30 -0400"]),
        (NEW_YORK, "0 */2 * * *", ["08 04:00 -0400", "08 06:00 -0400"]),
        (LORD_HOWE, "15 2 * * *", ["04 02:30 +1100", "05 02:15 +1100"]),
        (LORD_HOWE, "45 2 * * *", ["04 02:45 +1100", "05 02:45 +1100"]),
        (LORD_HOWE, "*/15 * * * *", ["04 01:45 +1030", "04 02:30 +1100", "04 02:45 +1100"]),
        (CASABLANCA, "30 2 * * *", ["22 03:00 +0100", "23 02:30 +0100"]),
        (CASABLANCA, "0 * * * *", ["22 03:00 +0100", "22 04:00 +0100"]),
        (TOKYO, "30 2 * * *", ["29 02:30 +0900", "30 02:30 +0900"]),
        (TOKYO, "0 * * * *", ["29 02:00 +0900", "29 03:00 +0900"]),
    ],
)
def test_clocks_that_go_forward(zone: str, expression: str, expected: list[str]) -> None:
    assert local(cron(expression, ZoneInfo(zone)), FORWARD[zone], len(expected)) == expected


@pytest.mark.parametrize(
    ("zone", "expression", "expected"),
    [
        # Times that come twice are due the first time; what goes by the time that passes is due both times.
        (BERLIN, "30 2 * * *", ["25 02:30 +0200", "26 02:30 +0100"]),
        (BERLIN, "0 2,3 * * *", ["25 03:00 +0100", "26 02:00 +0100"]),
        (BERLIN, "30 * * * *", ["25 02:30 +0200", "25 02:30 +0100", "25 03:30 +0100"]),
        (BERLIN, "*/30 * * * *", ["25 02:30 +0200", "25 02:00 +0100", "25 02:30 +0100", "25 03:00 +0100"]),
        (BERLIN, "*/30 2 * * *", ["25 02:30 +0200", "25 02:00 +0100", "25 02:30 +0100", "26 02:00 +0100"]),
        (NEW_YORK, "30 1 * * *", ["01 01:30 -0400", "02 01:30 -0500"]),
        (NEW_YORK, "30 * * * *", ["01 01:30 -0400", "01 01:30 -0500"]),
        (LORD_HOWE, "45 1 * * *", ["05 01:45 +1100", "06 01:45 +1030"]),
        (LORD_HOWE, "*/15 * * * *", ["05 01:15 +1100", "05 01:30 +1100", "05 01:45 +1100", "05 01:30 +1030"]),
        (LORD_HOWE, "0 */2 * * *", ["05 02:00 +1030", "05 04:00 +1030"]),
        (CASABLANCA, "30 2 * * *", ["15 02:30 +0100", "16 02:30 +0000"]),
        (CASABLANCA, "30 * * * *", ["15 02:30 +0100", "15 02:30 +0000", "15 03:30 +0000"]),
        (TOKYO, "30 2 * * *", ["25 02:30 +0900", "26 02:30 +0900"]),
    ],
)
def test_clocks_that_go_back(zone: str, expression: str, expected: list[str]) -> None:
    assert local(cron(expression, ZoneInfo(zone)), BACK[zone], len(expected)) == expected


def test_what_is_asked_for_in_the_second_of_two_hours_is_of_the_next_day() -> None:
    """cronsim's own answer would lie half an hour before the question."""
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert local(cron("30 2 * * *", ZoneInfo(BERLIN)), second, 1) == ["26 02:30 +0100"]


NAMED = st.sampled_from(["30 2 * * *", "0,15,45 1-3 * * *", "59 1 * * *", "0 3 * * 0", "30 0-23/2 * * *"])
PASSING = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "30 * * * *", "0 */2 * * *", "*/20 1,2 * * *", "15 */3 * * SUN"]
)
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, CASABLANCA, TOKYO])
CHANGES = st.sampled_from([FORWARD, BACK])


def by_debian(calendar: Cron, first: datetime, hours: int) -> list[datetime]:
    """A clock that is looked at every minute, and what Debian's cron then runs."""
    minute, hour, *_ = calendar.expression.split()
    is_passing = minute.startswith("*") or hour.startswith("*")
    due: set[datetime] = set()
    before = (first - timedelta(minutes=1)).astimezone(calendar.zone).replace(tzinfo=None)
    latest = before
    for minutes in range(hours * 60):
        moment = first + timedelta(minutes=minutes)
        wall = moment.astimezone(calendar.zone).replace(tzinfo=None)
        new = [wall] if is_passing else minutes_after(latest, wall)
        due |= {moment for each in new if names(calendar, each)}
        latest = max(latest, wall)
    return sorted(due)


def minutes_after(latest: datetime, wall: datetime) -> list[datetime]:
    """The readings up to this one that the clock has not had."""
    return [latest + timedelta(minutes=number) for number in range(1, int((wall - latest).total_seconds()) // 60 + 1)]


def names(calendar: Cron, wall: datetime) -> bool:
    return next(CronSim(calendar.expression, wall - timedelta(seconds=1))) == wall


@draws(20, 500, NAMED | PASSING, ZONES, CHANGES, st.integers(-180, 0))
def test_due_times_are_those_of_debians_cron(
    expression: str, zone: str, changes: dict[str, datetime], earlier: int
) -> None:
    calendar = cron(expression, ZoneInfo(zone))
    # Not within the second of two hours: of that, cron remembers what it ran in the first.
    first = changes[zone] + timedelta(minutes=earlier)
    assert due_times(calendar, first, first + timedelta(hours=6, minutes=-1), 1_000) == by_debian(calendar, first, 6)


SECONDS = st.integers(60, 40 * 86_400)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
CALENDARS = st.builds(Interval, SECONDS, MOMENTS) | st.builds(
    lambda expression, zone: cron(expression, ZoneInfo(zone)), NAMED | PASSING, ZONES
)


@draws(30, 1000, CALENDARS, MOMENTS)
def test_the_next_due_time_is_later_and_none_lies_between(calendar: Calendar, moment: datetime) -> None:
    due = calendar.after(moment)
    assert due > moment
    assert due.utcoffset() == timedelta()
    assert calendar.after(due - timedelta(microseconds=1)) == due
    assert calendar.after(moment + (due - moment) / 2) == due


@draws(30, 1000, CALENDARS, MOMENTS)
def test_due_times_are_a_minute_apart_at_the_least(calendar: Calendar, moment: datetime) -> None:
    dues = list(islice(upcoming(calendar, moment), 5))
    assert min(later - due for due, later in pairwise(dues)) >= timedelta(minutes=1)


@draws(30, 1000, CALENDARS, MOMENTS, st.integers(0, 3_600))
def test_with_a_delay_they_still_are_and_it_is_always_the_same(
    calendar: Calendar, moment: datetime, most: int
) -> None:
    dues = list(islice(upcoming(calendar, moment), 5))
    delays = [delay(calendar, due, OWNER, most) for due in dues]
    assert delays == [delay(calendar, due, OWNER, most) for due in dues]
    assert max(delays) <= timedelta(seconds=most)
    begun = [due + late for due, late in zip(dues, delays, strict=True)]
    assert min(later - due for due, later in pairwise(begun)) >= timedelta(minutes=1)


def test_delays_differ_from_one_due_time_to_the_next_and_from_owner_to_owner() -> None:
    calendar = cron("0 2 * * *", ZoneInfo("UTC"))
    dues = list(islice(upcoming(calendar, datetime(2026, 1, 1, tzinfo=UTC)), 20))
    others = {delay(calendar, dues[0], UUID(int=number), 3_600) for number in range(20)}
    assert len({delay(calendar, due, OWNER, 3_600) for due in dues}) > 10
    assert len(others) > 10


def test_an_interval_is_counted_from_its_anchor_in_both_directions() -> None:
    anchor = datetime(2026, 3, 12, 2, 30, tzinfo=UTC)
    interval = Interval(90 * 60, anchor)
    assert interval.after(anchor) == anchor + timedelta(minutes=90)
    assert interval.after(anchor - timedelta(seconds=1)) == anchor
    assert interval.after(anchor - timedelta(hours=3)) == anchor - timedelta(minutes=90)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("0 0 31 2 *", "The cron expression '0 0 31 2 *' never comes due: the month has no such day."),
        ("5-1 * * * *", "In the minute, its first field, the range 5-1 begins after its end."),
        ("0 0 * * FRI-MON", "In the day of the week, its fifth field, the range FRI-MON begins after its end."),
        ("0 9,20-6/2 * * *", "In the hour, its second field, the range 20-6 begins after its end."),
        ("*/0 * * * *", "In the minute, its first field, the step of */0 is 0: use 1 or more."),
        ("0 0 L-2 * *", "The day of the month, its third field, is not valid"),
        ("0 0 30,31 2 *", "never comes due: the month has no such day"),
        ("0 0 */31 * 7#5", "never comes due"),
        ("60 * * * *", "The minute, its first field, is not valid: use 0 to 59."),
        ("0 24 * * *", "The hour, its second field"),
        ("0 0 32 * *", "The day of the month, its third field"),
        ("0 0 1 13 *", "The month, its fourth field"),
        ("0 0 * * 8", "The day of the week, its fifth field"),
        ("0 0 * *", "five fields"),
        ("0 0 0 * * *", "five fields"),
        ("@daily", "five fields"),
        ("", "five fields"),
    ],
)
def test_what_never_comes_due_or_cannot_be_read_is_told_in_a_sentence(expression: str, told: str) -> None:
    with pytest.raises(InvalidCalendar, match=r"\w") as refusal:
        cron(expression, ZoneInfo("UTC"))
    assert told in str(refusal.value)
    assert str(refusal.value).endswith((".", "'."))


@draws(50, 5000, st.text(st.sampled_from("0123456789*/,-#L W MONSUNJAN\t\0"), max_size=30) | st.text(max_size=30))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        calendar = cron(text, ZoneInfo(BERLIN))
    except InvalidCalendar:
        return
    now = datetime(2026, 3, 12, tzinfo=UTC)
    assert calendar.after(now) > now
    assert in_words(calendar)


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        (cron("30 2 * * 1-5", ZoneInfo(BERLIN)), "At 02:30 on Monday through Friday"),
        (cron("*/15 * * * *", ZoneInfo(BERLIN)), "Every 15th minute of every hour"),
        (Interval(60, datetime(2026, 1, 1, tzinfo=UTC)), "Every minute"),
        (Interval(5_400, datetime(2026, 1, 1, tzinfo=UTC)), "Every 90 minutes"),
        (Interval(86_400, datetime(2026, 1, 1, tzinfo=UTC)), "Every day"),
        (Interval(61, datetime(2026, 1, 1, tzinfo=UTC)), "Every 61 seconds"),
    ],
)
def test_a_calendar_in_words(calendar: Calendar, words: str) -> None:
    assert in_words(calendar) == words
