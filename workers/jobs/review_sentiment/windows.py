"""The days that a trend compares: a window up to the newest review, and as many days before it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WINDOW_DAYS = 30
# No review is older: days before it have no room for a window before them.
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a tenant's: `before` is the first one of the window before, `end` the one after the last."""

    before: date
    start: date
    end: date
    zone: ZoneInfo

    @classmethod
    def up_to(cls, newest: datetime, since: date | None, zone: ZoneInfo) -> "Days":
        """The windows that end with the day of the newest review. Empty where `since` is after it."""
        end = newest.astimezone(zone).date() + timedelta(days=1)
        start = end - timedelta(days=WINDOW_DAYS) if since is None else min(max(since, EARLIEST), end)
        return cls(start - (end - start), start, end, zone)

    def moments(self) -> dict[str, datetime]:
        """When each of the three days begins."""
        days = {"before": self.before, "start": self.start, "end": self.end}
        return {name: midnight(day, self.zone) for name, day in days.items()}


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins; in a zone that skips its midnight, as clocks there show it."""
    return datetime.combine(day, time.min, zone)
