"""What has ended, as the rollups have it: the last hour and the day before in one statement, last week in another."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from aijobs import sql
from aijobs.admin.dashboard import statements
from aijobs.states import Priority

CHART_MINUTES = 60
DRAINED_MINUTES = 5
FAILING_MINUTES = 15
WEEK_CACHE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Jobs of a type that completed or failed."""

    ended: int = 0
    failed: int = 0


# Jobs per bucket of how long they waited or ran, by type and by "waiting" or "running": see `figures.percentile`.
Latencies = Mapping[tuple[str, str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Failures:
    """One error code: in the last hour, in the 24 hours before, and where the newest of them were to work."""

    code: str
    count: int
    before: int
    marketplaces: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Recent:
    # Where the chart begins, and jobs per minute for each end.
    first_minute: datetime
    minutes: Mapping[str, Sequence[int]]
    # Jobs per minute.
    drained: Mapping[Priority, float]
    ended: Mapping[str, Ends]
    # In the last minutes only.
    failing: Mapping[str, Ends]
    failures: Sequence[Failures]
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class Week:
    """The seven days before the last hour."""

    ended: Mapping[str, Ends]
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class _RecentRow:
    minutes: str
    drained: str
    ended: str
    failing: str
    failed: str
    failed_before: str
    buckets: str


def recent(at: datetime, marketplaces: Mapping[str, Mapping[str, int]]) -> Recent:
    """The second statement: the rollups of the hour that ends with the minute of `at`."""
    minute = at.replace(second=0, microsecond=0)
    first = minute - timedelta(minutes=CHART_MINUTES - 1)
    drained_from = minute - timedelta(minutes=DRAINED_MINUTES - 1)
    parameters = {
        "hour": first,
        "drained_from": drained_from,
        "failing_from": minute - timedelta(minutes=FAILING_MINUTES - 1),
        # So that it ends before the last hour begins.
        "day": at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=25),
    }
    row = sql.rows(_RecentRow, statements.RECENT, parameters)[0]
    passed = (at - drained_from).total_seconds() / 60
    return Recent(
        first_minute=first,
        minutes=_per_minute(orjson.loads(row.minutes), int(first.timestamp())),
        drained={Priority(int(lane)): count / passed for lane, count in orjson.loads(row.drained).items()},
        ended=_ends(row.ended),
        failing=_ends(row.failing),
        failures=_failures(orjson.loads(row.failed), orjson.loads(row.failed_before), marketplaces),
        latencies=_latencies(row.buckets),
    )


def _per_minute(rows: Sequence[dict[str, Any]], first: int) -> dict[str, list[int]]:
    found = {end: [0] * CHART_MINUTES for end in ("completed", "failed", "cancelled")}
    for row in rows:
        minute = (row["start"] - first) // 60
        if minute < CHART_MINUTES:
            found[row["end"]][minute] = row["count"]
    return found


def _ends(text: str) -> dict[str, Ends]:
    return {row["type"]: Ends(row["ended"], row["failed"]) for row in orjson.loads(text)}


def _failures(
    counts: Mapping[str, int], before: Mapping[str, int], marketplaces: Mapping[str, Mapping[str, int]]
) -> list[Failures]:
    """Of every code of either time, those with most failures in the last hour first."""
    codes = sorted({*counts, *before}, key=lambda code: (-counts.get(code, 0), -before.get(code, 0), code))
    return [Failures(code, counts.get(code, 0), before.get(code, 0), marketplaces.get(code, {})) for code in codes]


def _latencies(text: str) -> dict[tuple[str, str], Sequence[int]]:
    return {(row["type"], kind): row[kind] for row in orjson.loads(text) for kind in ("waiting", "running")}


@dataclass(frozen=True, slots=True)
class _WeekRow:
    ended: str
    buckets: str


class _Cache:
    week = Week({}, {})
    stale_at = 0.0


def week(at: datetime) -> Week:
    """The third statement, every five minutes."""
    if time.monotonic() >= _Cache.stale_at:
        first = at.replace(minute=0, second=0, microsecond=0) - timedelta(days=7, hours=1)
        row = sql.rows(_WeekRow, statements.WEEK, {"week": first})[0]
        _Cache.week = Week(_ends(row.ended), _latencies(row.buckets))
        _Cache.stale_at = time.monotonic() + WEEK_CACHE_SECONDS
    return _Cache.week


def forget() -> None:
    """Read last week again at the next call."""
    _Cache.stale_at = 0.0
