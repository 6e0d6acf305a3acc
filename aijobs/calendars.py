"""When a schedule comes due: by a cron expression in a time zone, or at an interval. It knows no database.

cronsim reads the expression and says which readings of a wall clock it names. Which moments these are, where clocks
are changed, is decided here, by the rule of Debian's cron. (cronsim's own answer leaves out 02:00 on Lord Howe, where
clocks go back by half an hour, and may lie before the moment that it was asked about.)
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from aijobs import zones

SHORTEST_SECONDS = 60
FIELDS = 5
_MINUTE = timedelta(minutes=1)
# Clocks are not changed twice within so long, and by less.
_A_DAY_AND_MORE = timedelta(hours=25)
# Any will do: cronsim reads the expression first.
_SOME_DAY = datetime(2026, 1, 1)
# What cronsim says; which of the five fields that is, its name, and what may stand there.
_WORDS = {
    "Bad minute": (0, "the minute, its first field,", "0 to 59"),
    "Bad hour": (1, "the hour, its second field,", "0 to 23"),
    "Bad day-of-month": (2, "the day of the month, its third field,", "1 to 31, or L for the last day"),
    "Bad month": (3, "the month, its fourth field,", "1 to 12, or JAN to DEC"),
    "Bad day-of-week": (4, "the day of the week, its fifth field,", "0 to 7 (0 and 7 are Sunday), or SUN to SAT"),
}
_RANGE = re.compile(r"(\d+|[a-z]{3})-(\d+|[a-z]{3})", re.ASCII | re.IGNORECASE)
_BAD_DAY = "Bad day-of-month"


class InvalidCalendar(ValueError):
    """A sentence or two that say what is wrong with a cron expression."""


class UnknownZone(InvalidCalendar):
    """Its time zone is what is wrong."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Due whenever a wall clock in `zone` reads what the expression names; see `cron`, which checks it.

    By Debian's rule, where clocks are changed: an expression that names hours and minutes (neither field begins with
    `*`) comes due once for each reading. Those that are left out in spring are due when the clocks go forward, and
    those that come twice in autumn the first time. Any other expression goes by the time that passes: it is due at
    every reading that there is, and twice at those that come twice.
    """

    expression: str
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """The first due time after this moment, in UTC. Raises InvalidCalendar where there is none in fifty years."""
        due = self._named(moment) if self._names_times() else self._passing(moment)
        if due is None:
            raise InvalidCalendar(
                f"The cron expression '{self.expression}' never comes due. Correct its day or month."
            )
        return due

    def _names_times(self) -> bool:
        minute, hour, *_ = self.expression.split()
        return not minute.startswith("*") and not hour.startswith("*")

    def _named(self, moment: datetime) -> datetime | None:
        walls = CronSim(self.expression, self._wall(moment))
        return next((due for wall in walls if (due := self._once(wall)) > moment), None)

    def _passing(self, moment: datetime) -> datetime | None:
        """Readings that come twice may begin with earlier ones than the present, so it looks back by the change."""
        change = self._offset(moment) - self._offset(moment + _A_DAY_AND_MORE)
        first: datetime | None = None
        for wall in CronSim(self.expression, self._wall(moment) - max(change, timedelta())):
            moments = self._moments(wall)
            if first and moments and moments[0] >= first:
                return first
            later = [each for each in moments if each > moment and (first is None or each < first)]
            first = later[0] if later else first
            if first and not change:
                return first
        return first

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta()

    def _moments(self, wall: datetime) -> list[datetime]:
        """When a wall clock reads this: once, twice or never."""
        both = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return sorted({moment for moment in both if self._wall(moment) == wall})

    def _once(self, wall: datetime) -> datetime:
        while not (moments := self._moments(wall)):
            wall += _MINUTE
        return moments[0]


@dataclass(frozen=True, slots=True)
class Interval:
    """Due every so many seconds, counted from `anchor` in both directions. Clocks that are changed do not matter."""

    seconds: int
    anchor: datetime

    def after(self, moment: datetime) -> datetime:
        """The first due time after this moment, in UTC."""
        step = timedelta(seconds=self.seconds)
        return (self.anchor + ((moment - self.anchor) // step + 1) * step).astimezone(UTC)


Calendar = Cron | Interval


def cron(expression: str, zone: ZoneInfo) -> Cron:
    """The calendar of an expression of five fields. Raises InvalidCalendar, also where it never comes due."""
    if len(expression.split()) != FIELDS:
        raise InvalidCalendar(
            "A cron expression has five fields: minute, hour, day of the month, month and day of the week, for "
            "example '30 2 * * 1-5'."
        )
    found = Cron(expression, zone)
    try:
        found.after(datetime.now(UTC))
    except CronSimError as error:
        raise InvalidCalendar(_why(expression, str(error))) from None
    return found


def stored(expression: str, timezone: str) -> Cron:
    """The calendar of what `cron` has checked, maybe years ago. Raises InvalidCalendar."""
    if (zone := zones.find(timezone)) is None:
        raise UnknownZone(f"The service does not know the time zone {timezone} any more. Name another one.")
    if not _reads(expression):
        raise InvalidCalendar(f"The service cannot read the cron expression '{expression}' any more. Change it.")
    return Cron(expression, zone)


def _why(expression: str, told: str) -> str:
    if told == _BAD_DAY and _reads(_with_any_month(expression)):
        return (
            f"The cron expression '{expression}' never comes due: the month has no such day. Correct one of the two."
        )
    place, name, valid = _WORDS[told]
    field = expression.split()[place]
    return f"The cron expression '{expression}' cannot be read. {_what(field, place, name, valid)}"


def _what(field: str, place: int, name: str, valid: str) -> str:
    """What is wrong with a field."""
    for term in field.split(","):
        values, _, step = term.partition("/")
        if step.isdecimal() and not int(step):
            return f"In {name} the step of {term} is 0: use 1 or more."
        ends = _RANGE.fullmatch(values)
        if ends and all(_reads(_alone(end, place)) for end in ends.groups()) and not _reads(_alone(values, place)):
            return (
                f"In {name} the range {values} begins after its end. Put its smaller end first, or name two ranges "
                "with a comma between them."
            )
    return f"{name[0].upper()}{name[1:].rstrip(',')}, is not valid: use {valid}."


def _alone(field: str, place: int) -> str:
    """The expression that has only this field."""
    fields = ["*"] * FIELDS
    fields[place] = field
    return " ".join(fields)


def _with_any_month(expression: str) -> str:
    minute, hour, day, _, weekday = expression.split()
    return " ".join((minute, hour, day, "*", weekday))


def _reads(expression: str) -> bool:
    try:
        CronSim(expression, _SOME_DAY)
    except CronSimError:
        return False
    return True


def upcoming(calendar: Calendar, after: datetime) -> Iterator[datetime]:
    """The due times after a moment, in order."""
    while True:
        after = calendar.after(after)
        yield after


def due_times(calendar: Calendar, first: datetime, last: datetime, most: int) -> list[datetime]:
    """The due times from `first` to `last`, both included, and of these the first `most`."""
    found: list[datetime] = []
    for due in islice(upcoming(calendar, first - timedelta(microseconds=1)), most):
        if due > last:
            break
        found.append(due)
    return found


def delay(calendar: Calendar, due: datetime, owner: UUID, most_seconds: int) -> timedelta:
    """By how much later than due `owner` dispatches, at most `most_seconds`: always the same for the same due time.

    It ends a minute before the next due time, so that two dispatches are a minute apart at the least.
    """
    if not most_seconds:
        return timedelta()
    gap = int((calendar.after(due) - due).total_seconds())
    digest = hashlib.sha256(owner.bytes + due.isoformat().encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % (min(most_seconds, gap - SHORTEST_SECONDS) + 1))


def in_words(calendar: Calendar) -> str:
    """What a calendar says, in English."""
    if isinstance(calendar, Cron):
        return CronSim(calendar.expression, _SOME_DAY).explain()
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, rest = divmod(calendar.seconds, seconds)
        if not rest:
            return f"Every {unit}" if count == 1 else f"Every {count} {unit}s"
    raise ValueError(f"{calendar.seconds} seconds are not an interval")
