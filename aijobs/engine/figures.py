"""What the rollup says of how long jobs wait and run. What a few seconds ago ended may not be counted yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from aijobs import sql
from aijobs.models import BUCKET_BOUNDS, BUCKETS


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
class Times:
    """How long the jobs of a type that completed or failed waited and ran in a span: jobs per bucket."""

    waiting: list[int]
    running: list[int]

    def waited(self, share: float) -> float | None:
        return percentile(self.waiting, share)

    def ran(self, share: float) -> float | None:
        return percentile(self.running, share)


def times(type_name: str, since: datetime, until: datetime) -> Times | None:
    """From the hours that begin between the two; None where no job of the type ended in them."""
    found = sql.rows(Times, TIMES, {"type": type_name, "since": since, "until": until})
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Runs:
    type: str
    count: int
    running: list[int]


def recent_runs(types: Sequence[str], runs: int) -> dict[str, list[int]]:
    """How long the last `runs` completed jobs of each type ran, or a few more: jobs per bucket.

    Types without any are left out. A type that did not run for days has its last hours.
    """
    by_minute = _last(sql.rows(_Runs, LAST_MINUTES, {"types": types}), runs)
    others = [name for name in types if name not in by_minute]
    return by_minute | _last(sql.rows(_Runs, LAST_HOURS, {"types": others}), runs)


def medians_of(runs: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """In seconds, of jobs per bucket."""
    medians = {name: percentile(buckets, 0.5) for name, buckets in runs.items()}
    return {name: median for name, median in medians.items() if median is not None}


def _last(newest_first: Iterable[_Runs], runs: int) -> dict[str, list[int]]:
    buckets: dict[str, list[int]] = {}
    for each in newest_first:
        sums = buckets.get(each.type)
        if sums is None:
            buckets[each.type] = each.running
        elif sum(sums) < runs:
            buckets[each.type] = [a + b for a, b in zip(sums, each.running, strict=True)]
    return buckets


def summed(column: LiteralString) -> LiteralString:
    """An array of the sums of each bucket: unnesting the arrays, and grouping what comes out, takes longer."""
    return "ARRAY[" + ", ".join(f"sum({column}[{number}])" for number in range(1, BUCKETS + 1)) + "]"


TIMES = f"""
SELECT {summed("waiting")} AS waiting, {summed("running")} AS running FROM aijobs_hourrollup
WHERE start >= %(since)s::timestamptz AND start < %(until)s::timestamptz AND type = %(type)s::text
  AND "end" <> 'cancelled'
HAVING count(*) > 0
"""  # noqa: S608  # of constants
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
