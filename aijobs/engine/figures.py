"""What the rollup says: ends per minute, day, type and error code, and how long jobs wait and run.

All that is asked for lies between `since` and `until`, by the minute or the hour that a row begins at; so a span that
begins or ends within one has all or nothing of it. What a few seconds ago ended may not be counted yet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aijobs import sql
from aijobs.models import BUCKET_BOUNDS


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """The seconds that so great a share of the jobs took at most, as an estimate; None where there are no jobs.

    Within a bucket, times are taken to be spread evenly in proportion. It lies in the bucket of the true one, so it
    is off by a factor of √2 at most; but the last bucket has no upper bound, and there it is too small.
    """
    wanted = share * sum(buckets)
    if not wanted:
        return None
    below = 0
    for number, jobs in enumerate(buckets):
        if below + jobs >= wanted:
            return _within(number, (wanted - below) / jobs)
        below += jobs
    return BUCKET_BOUNDS[-1]


def _within(number: int, part: float) -> float:
    """The time at a part of the bucket."""
    if number == 0:
        return BUCKET_BOUNDS[0] * part
    if number == len(BUCKET_BOUNDS):
        return BUCKET_BOUNDS[-1]
    lower, upper = BUCKET_BOUNDS[number - 1 : number + 1]
    return lower * float((upper / lower) ** part)


@dataclass(frozen=True, slots=True)
class MinuteEnds:
    """How many jobs ended so in a minute."""

    start: datetime
    end: str
    count: int


def ended_per_minute(since: datetime, until: datetime) -> list[MinuteEnds]:
    """In order; minutes in which nothing ended so are left out."""
    return sql.rows(MinuteEnds, ENDED_PER_MINUTE, {"since": since, "until": until})


@dataclass(frozen=True, slots=True)
class DayEnds:
    """How many jobs of a type ended so on a day, in UTC."""

    day: date
    type: str
    end: str
    count: int


def ended_per_day(since: datetime, until: datetime) -> list[DayEnds]:
    """In order; days on which nothing ended so are left out. From the hours, which are kept for 13 months."""
    return sql.rows(DayEnds, ENDED_PER_DAY, {"since": since, "until": until})


@dataclass(frozen=True, slots=True)
class Failures:
    """How many jobs of a type failed with a code, in a span and in the one before."""

    type: str
    error_code: str
    count: int
    before: int


def failures(before: datetime, since: datetime, until: datetime) -> list[Failures]:
    """Failures from `since` on beside those between `before` and `since`, the most frequent first."""
    return sql.rows(Failures, FAILURES, {"before": before, "since": since, "until": until})


@dataclass(frozen=True, slots=True)
class Times:
    """How long the jobs of a type that completed or failed waited and ran in a span: jobs per bucket."""

    type: str
    waiting: list[int]
    running: list[int]

    def waited(self, share: float) -> float | None:
        return percentile(self.waiting, share)

    def ran(self, share: float) -> float | None:
        return percentile(self.running, share)


def times_by_type(since: datetime, until: datetime) -> dict[str, Times]:
    """From the minutes, which are kept for 8 days: today's hour and the same one of last week."""
    found = sql.rows(Times, TIMES_BY_TYPE, {"since": since, "until": until})
    return {each.type: each for each in found}


@dataclass(frozen=True, slots=True)
class _Runs:
    type: str
    count: int
    running: list[int]


def recent_medians(types: Sequence[str], runs: int) -> dict[str, float]:
    """How long the last `runs` completed jobs of each type ran, or a few more: the median in seconds.

    Types without any are left out. A type that did not run for days has its last hours.
    """
    by_minute = _medians(sql.rows(_Runs, LAST_MINUTES, {"types": types}), runs)
    others = [name for name in types if name not in by_minute]
    return by_minute | _medians(sql.rows(_Runs, LAST_HOURS, {"types": others}), runs)


def _medians(newest_first: Iterable[_Runs], runs: int) -> dict[str, float]:
    buckets: dict[str, list[int]] = {}
    for each in newest_first:
        sums = buckets.get(each.type)
        if sums is None:
            buckets[each.type] = each.running
        elif sum(sums) < runs:
            buckets[each.type] = [a + b for a, b in zip(sums, each.running, strict=True)]
    medians = {name: percentile(sums, 0.5) for name, sums in buckets.items()}
    return {name: median for name, median in medians.items() if median is not None}


ENDED_PER_MINUTE = """
SELECT start, "end", sum(count)::int AS count FROM aijobs_minuterollup
WHERE start >= %(since)s::timestamptz AND start < %(until)s::timestamptz
GROUP BY start, "end" ORDER BY start, "end"
"""
ENDED_PER_DAY = """
SELECT start::date AS day, type, "end", sum(count)::int AS count FROM aijobs_hourrollup
WHERE start >= %(since)s::timestamptz AND start < %(until)s::timestamptz
GROUP BY 1, type, "end" ORDER BY 1, type, "end"
"""
FAILURES = """
SELECT type, error_code, coalesce(sum(count) FILTER (WHERE start >= %(since)s::timestamptz), 0)::int AS count,
    coalesce(sum(count) FILTER (WHERE start < %(since)s::timestamptz), 0)::int AS before
FROM aijobs_minuterollup
WHERE start >= %(before)s::timestamptz AND start < %(until)s::timestamptz AND "end" = 'failed'
GROUP BY type, error_code ORDER BY count DESC, before DESC, type, error_code
"""
TIMES_BY_TYPE = """
SELECT type, array_agg(waiting ORDER BY bucket) AS waiting, array_agg(running ORDER BY bucket) AS running
FROM (
    SELECT type, bucket, sum(times.waiting)::int AS waiting, sum(times.running)::int AS running
    FROM aijobs_minuterollup rollup
    CROSS JOIN unnest(rollup.waiting, rollup.running) WITH ORDINALITY AS times(waiting, running, bucket)
    WHERE start >= %(since)s::timestamptz AND start < %(until)s::timestamptz AND "end" <> 'cancelled'
    GROUP BY type, bucket
) buckets
GROUP BY type ORDER BY type
"""
# A type that runs all the time has its runs of a few minutes, and others have theirs of as many.
_LAST = """
SELECT kind.name AS type, count, running FROM unnest(%(types)s::text[]) AS kind(name)
CROSS JOIN LATERAL (
    SELECT start, count, running FROM aijobs_{unit}rollup
    WHERE type = kind.name AND "end" = 'completed' ORDER BY type, start DESC LIMIT 20
) newest
ORDER BY kind.name, start DESC
"""
LAST_MINUTES = _LAST.format(unit="minute")
LAST_HOURS = _LAST.format(unit="hour")
