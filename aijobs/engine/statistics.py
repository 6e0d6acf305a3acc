"""How long things take and how much waits: measured by the sweeper every two seconds, cached by readers for one.

What has ended is read from the rollup, and counted nowhere else.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

import orjson
from django.utils.timezone import now
from pydantic import ValidationError

from aijobs import registry, sql
from aijobs.engine import figures, workload
from aijobs.engine.workload import WORKLOAD, Workload
from aijobs.models import Job, QueueStatistics
from aijobs.states import Priority, Status

CACHE_SECONDS = 1.0
# Fifteen missed refreshes.
STALE = timedelta(seconds=30)
# Enough runs for a steady median, few enough to follow a change within minutes.
MEDIAN_OF = 100
# An estimate for the caller's patience, not a promise: an hour is the longest wait that we name.
LONGEST_RETRY_AFTER = 3600


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`depths`: queued jobs per lane, due or not. `oldest_due`: since when the oldest due one waits, where one does.

    `drain_rate`: jobs ended per second. `medians`: seconds per type.
    """

    active: int = 0
    depths: dict[Priority, int] = field(default_factory=dict)
    oldest_due: dict[Priority, datetime] = field(default_factory=dict)
    drain_rate: float = 0.0
    medians: dict[str, float] = field(default_factory=dict)
    # What forecasts rest on. Without a worker there is none.
    workload: Workload = field(default_factory=Workload)

    def run_seconds(self, type_name: str) -> float:
        """The median of recent runs; the typical duration until there are some."""
        if type_name in self.medians:
            return self.medians[type_name]
        kind = registry.find(type_name)
        return float(kind.limits.typical_seconds) if kind else 0.0

    def wait_seconds(self, type_name: str, lane: Priority, *, counted: bool) -> float:
        """How long a job waits behind what is due in its lane and in the lanes before it; is it `counted` there?

        One after the other at the most: what drained in a quiet minute says little of what could.
        """
        basis = self.workload.basis
        ahead = max(0, basis.higher(lane) + basis.lane(lane).jobs - counted)
        longest = ahead * self.run_seconds(type_name)
        return min(ahead / self.drain_rate, longest) if self.drain_rate else longest

    def completion(self, type_name: str, lane: Priority, since: datetime, *, counted: bool) -> datetime:
        """When a job that is queued at `since` will probably be done."""
        wait = self.wait_seconds(type_name, lane, counted=counted)
        return since + timedelta(seconds=wait + self.run_seconds(type_name))

    def retry_after(self, type_name: str, places: int) -> int:
        """Seconds until `places` jobs have probably ended."""
        seconds = places / self.drain_rate if self.drain_rate else self.run_seconds(type_name)
        return min(max(1, ceil(seconds)), LONGEST_RETRY_AFTER)


class _Cache:
    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.stale_at = 0.0


_cache = _Cache()


def snapshot() -> Snapshot:
    """The last measurement, at most a second behind the table."""
    if time.monotonic() >= _cache.stale_at:
        _cache.snapshot = _read()
        _cache.stale_at = time.monotonic() + CACHE_SECONDS
    return _cache.snapshot


def forget() -> None:
    """Read the table anew at the next call."""
    _cache.stale_at = 0.0


def _read() -> Snapshot:
    row = QueueStatistics.objects.first()
    if row is None:
        return Snapshot()
    if row.refreshed_at < now() - STALE:
        # Nobody measures: an old count must not refuse new jobs.
        return Snapshot(medians=row.medians)
    return parsed(row)


def parsed(row: QueueStatistics) -> Snapshot:
    """What was measured, however long ago."""
    return Snapshot(
        active=row.active,
        depths={Priority(int(lane)): depth for lane, depth in row.depths.items()},
        oldest_due={Priority(int(lane)): datetime.fromisoformat(since) for lane, since in row.oldest_due.items()},
        drain_rate=row.drain_rate,
        medians=row.medians,
        workload=_workload_of(row),
    )


def _workload_of(row: QueueStatistics) -> Workload:
    # A sweeper of another release may have written it. Until this one's has measured, nothing is said of times.
    try:
        load = WORKLOAD.validate_python(row.workload)
    except ValidationError:
        return Workload()
    return load if load.measured_at else Workload()


def completion_of(job: Job) -> datetime | None:
    """`estimated_completion_at` of a job in its present state; None when it is over, and where nobody can say.

    That is as where forecasts are made: it waits for another job, or no worker takes from its lane.
    """
    places = snapshot().workload.basis.lane(Priority(job.lane)).places
    if job.status == Status.QUEUED and (job.blocked or not places):
        return None
    return roughly(job)


def roughly(job: Job) -> datetime | None:
    """When a job will be done, whether there is anything to go by or not; None when it is over."""
    measured = snapshot()
    if job.status == Status.QUEUED:
        return measured.completion(job.type, Priority(job.lane), max(job.run_after, now()), counted=True)
    if job.status == Status.RUNNING and job.started_at is not None:
        # A run that takes longer than most is expected any moment, not in the past.
        return max(now(), job.started_at + timedelta(seconds=measured.run_seconds(job.type)))
    return None


@dataclass(frozen=True, slots=True)
class _Measured:
    active: int
    depths: str
    oldest_due: str
    drain_rate: float


def refresh() -> None:
    """Measure, and write the one row. Two at once do no harm: the later one stays."""
    measured = sql.rows(_Measured, MEASURE, {})[0]
    runs = figures.recent_runs([kind.name for kind in registry.all_types()], MEDIAN_OF)
    QueueStatistics.objects.update_or_create(
        pk=1,
        defaults={
            "refreshed_at": now(),
            "active": measured.active,
            "depths": orjson.loads(measured.depths),
            "oldest_due": orjson.loads(measured.oldest_due),
            "drain_rate": measured.drain_rate,
            "medians": figures.medians_of(runs),
            "workload": WORKLOAD.dump_python(workload.measure(runs), mode="json"),
        },
    )


MEASURE = """
WITH queued AS MATERIALIZED (
    SELECT lanes.number AS lane, sum(released.jobs + waiting.jobs) AS jobs,
        min(least(released.oldest, waiting.oldest)) FILTER (
            WHERE tenant.suspended_at IS NULL AND least(released.oldest, waiting.oldest) <= now()
        ) AS oldest
    FROM aijobs_tenantcapacity capacity JOIN aijobs_tenant tenant ON tenant.id = capacity.tenant_id
    CROSS JOIN (VALUES (0), (1), (2)) AS lanes(number)
    LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = capacity.tenant_id AND bound.lane = lanes.number
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs, min(waiting.run_after) AS oldest FROM aijobs_job waiting
        WHERE waiting.tenant_id = capacity.tenant_id AND waiting.lane = lanes.number
          AND waiting.status = 'queued' AND waiting.released_at IS NULL AND NOT waiting.blocked
          AND waiting.run_after >= coalesce(bound.due_from, '-infinity')
    ) waiting
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs, min(released.run_after) AS oldest FROM aijobs_job released
        WHERE released.tenant_id = capacity.tenant_id AND released.lane = lanes.number
          AND released.status = 'queued' AND released.released_at IS NOT NULL
          AND released.run_after >= coalesce(bound.due_from, '-infinity')
    ) released
    WHERE capacity.active > 0 GROUP BY lanes.number HAVING sum(released.jobs + waiting.jobs) > 0
)
SELECT
    (SELECT coalesce(sum(active), 0)::int FROM aijobs_tenantcapacity) AS active,
    (SELECT coalesce(jsonb_object_agg(lane, jobs), '{}') FROM queued)::text AS depths,
    (SELECT coalesce(jsonb_object_agg(lane, oldest), '{}') FROM queued WHERE oldest IS NOT NULL)::text AS oldest_due,
    (SELECT coalesce(sum(count), 0) / (60 + extract(second FROM now())) FROM aijobs_minuterollup
        WHERE start BETWEEN date_trunc('minute', now()) - interval '1 minute' AND now() AND "end" <> 'cancelled'
    )::float AS drain_rate
"""
