"""What is going on, read in three statements at most: the live rows, the rollups of today, and once in a while those
of last week, which hardly change."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.timezone import now

from aijobs import health, identifiers, sql, watching
from aijobs.admin.dashboard import statements
from aijobs.models import BUCKET_BOUNDS
from aijobs.states import Priority

# Four missed renewals, see workers/presence.py.
SILENT_SECONDS = 20.0
CHART_MINUTES = 60
DRAINED_MINUTES = 5
FAILING_MINUTES = 15
# Whose params are looked at for a marketplace.
LOOKED_AT = 200
WEEK_CACHE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Jobs of a type that completed or failed."""

    ended: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Times:
    """How long jobs waited or ran: how many for each bucket, whose bounds are `BUCKET_BOUNDS`."""

    jobs: Sequence[int] = ()

    def quantile(self, fraction: float) -> float | None:
        """Seconds, on a straight line within the bucket; None without a job."""
        wanted = fraction * sum(self.jobs)
        below = 0
        for bucket, inside in enumerate(self.jobs):
            if inside and below + inside >= wanted:
                low, high = _bounds(bucket)
                return low + (high - low) * (wanted - below) / inside
            below += inside
        return None


def _bounds(bucket: int) -> tuple[float, float]:
    low = BUCKET_BOUNDS[bucket - 1] if bucket else 0.0
    return low, BUCKET_BOUNDS[bucket] if bucket < len(BUCKET_BOUNDS) else low


# By type, and by "waiting" or "running".
Latencies = Mapping[tuple[str, str], Times]


@dataclass(frozen=True, slots=True)
class Tenant:
    name: str
    active: int
    running: int
    queue_limit: int
    max_running: int | None
    suspended: bool
    # By one of these three.
    limited: bool


@dataclass(frozen=True, slots=True)
class Process:
    """A worker of any kind, or beat."""

    id: str
    name: str
    host: str
    queues: Sequence[str]
    places: int
    version: str
    started_at: datetime
    seen_at: datetime
    last_claim_at: datetime | None
    alive: bool
    holds: int
    # A few of the jobs that it holds: id and type.
    held: Sequence[tuple[UUID, str]]


@dataclass(frozen=True, slots=True)
class Failures:
    """One error code: in the last hour, in the 24 hours before, and where the newest of them were to work."""

    code: str
    count: int
    before: int
    marketplaces: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Live:
    now: datetime
    broker_answers: bool
    measured_at: datetime | None
    depths: Mapping[Priority, int]
    # Since when the oldest job that could run has been due, where there is one.
    oldest: Mapping[Priority, datetime]
    tenants: Sequence[Tenant]
    running: int
    processes: Sequence[Process]
    # Of the newest failures, by error code and marketplace.
    marketplaces: Mapping[str, Mapping[str, int]]
    # Whether a job was ever dispatched.
    used: bool
    watched: Sequence[tuple[watching.Watch, int]]


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
class _LiveRow:
    now: datetime
    measured: str | None
    oldest: str
    tenants: str
    running: int
    workers: str
    marketplaces: str
    used: bool
    watched: str


def live() -> Live:
    """The first statement, and a ping to the broker: that one is asked about when it is down, so by nobody else."""
    parameters = {
        "queue_limit": settings.AIJOBS_TENANT_QUEUE_LIMIT,
        "silent": SILENT_SECONDS,
        "failed": LOOKED_AT,
        "failed_from": identifiers.first_id_at(now() - timedelta(days=1)),
    }
    watches = watching.known()
    row = sql.rows(_LiveRow, statements.live([(each.name, each.count) for each in watches]), parameters)[0]
    measured = orjson.loads(row.measured or "{}")
    counts = orjson.loads(row.watched)
    return Live(
        now=row.now,
        broker_answers=health.broker_answers(),
        measured_at=_moment(measured.get("refreshed_at")),
        depths={Priority(int(lane)): depth for lane, depth in measured.get("depths", {}).items()},
        oldest={Priority(int(lane)): _at(since) for lane, since in orjson.loads(row.oldest).items()},
        tenants=[Tenant(**each) for each in orjson.loads(row.tenants)],
        running=row.running,
        processes=[_process(each) for each in orjson.loads(row.workers)],
        marketplaces=_marketplaces(orjson.loads(row.marketplaces)),
        used=row.used,
        watched=[(each, counts[each.name]) for each in watches],
    )


def _process(row: dict[str, Any]) -> Process:
    held = [(UUID(each["id"]), each["type"]) for each in row.pop("held") or ()]
    moments = {name: _moment(row.pop(name)) for name in ("started_at", "seen_at", "last_claim_at")}
    return Process(**row, **cast("dict[str, Any]", moments), held=held)


def _marketplaces(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["code"], {})[row["marketplace"]] = row["count"]
    return found


def _moment(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


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


def _latencies(text: str) -> dict[tuple[str, str], Times]:
    rows = orjson.loads(text)
    return {(row["type"], kind): Times(row[kind]) for row in rows for kind in ("waiting", "running")}


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
