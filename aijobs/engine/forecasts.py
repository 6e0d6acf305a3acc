"""When a job will be done, of one that there is or is about to be; and what came of some earlier forecasts."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from math import ceil, hypot
from typing import NamedTuple
from uuid import UUID

import orjson
from django.db.models import Q
from django.utils.timezone import now

from aijobs import identifiers, sql
from aijobs.auth import TenantAccess
from aijobs.engine import forecasting
from aijobs.engine.arrivals import Arrivals, Dispatched, current
from aijobs.engine.forecasting import Arrived, Turn, Work
from aijobs.engine.queueing import window_of
from aijobs.engine.statistics import Snapshot
from aijobs.engine.workload import Workload
from aijobs.models import Forecast as Record
from aijobs.models import Job, Tenant
from aijobs.states import TERMINAL, Priority, Status

# Of a tenant's own jobs before one of its, so many are counted: a position of this many means at least so many.
MOST_COUNTED = 2_000
# Forecasts that the sweeper keeps of a round, where as many jobs come as have ended lately; of a burst, no more than
# correct the next ones.
IN_A_ROUND = 8
MOST_IN_A_ROUND = forecasting.MOST_SCORES
ROUND_SECONDS = 2.0
# Those of jobs that have not ended yet.
MOST_OPEN = 400
# Jobs of a round that are looked at. Each costs some 40 microseconds.
MOST_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """`position`: jobs before it, of all tenants. None of what nobody can say."""

    position: int | None = None
    start_at: datetime | None = None
    median_at: datetime | None = None
    p90_at: datetime | None = None


def of_job(job: Job, tenant: TenantAccess) -> Forecast | None:
    """None of a job that has ended. One that waits for another job has neither a place nor times."""
    return of_jobs([(job, tenant)]).get(job.id)


def of_jobs(jobs: Iterable[tuple[Job, TenantAccess]]) -> dict[UUID, Forecast]:
    """The same of several, by job: one statement for all that are queued."""
    unfinished = [(job, tenant) for job, tenant in jobs if Status(job.status) not in TERMINAL]
    if not unfinished:
        return {}
    arrivals, at = current(), now()
    load = arrivals.load
    waiting = {job.id: Forecast() for job, _ in unfinished if job.blocked}
    running = {job.id: _of_running(load, job, at) for job, _ in unfinished if job.status == Status.RUNNING}
    queued = {job_id: _at(at, *found) for job_id, found in _of_queued(arrivals, unfinished, at).items()}
    return waiting | running | queued


def of_new(
    type_name: str,
    lane: Priority,
    tenant: TenantAccess,
    since: datetime,
    *,
    behind: int = 0,
    due_in: float = 0.0,
) -> Forecast:
    """Of a job that is about to be dispatched, behind all of its tenant and lane, and so many that come with it.

    It asks the database nothing.
    """
    return _at(since, *expected(current(), type_name, lane, tenant, since, behind=behind, due_in=due_in))


class Member(NamedTuple):
    """A job of a batch that is about to be dispatched. `after`: the indexes of those that it waits for."""

    type: str
    lane: Priority
    after: Sequence[int] = ()
    due_in: float = 0.0


def of_batch(jobs: Sequence[Member], tenant: TenantAccess, since: datetime) -> list[Forecast]:
    """Of jobs that are about to be dispatched together: each begins when the last one that it waits for is done."""
    found: dict[int, Forecast] = {}

    def forecast(index: int) -> Forecast:
        if index not in found:
            job = jobs[index]
            if job.after:
                last = max((forecast(each) for each in job.after), key=lambda each: each.median_at or since)
                alone = of_new(job.type, job.lane, tenant, since)
                found[index] = _after(last, alone, since, since + timedelta(seconds=job.due_in))
            else:
                behind = sum(each.lane == job.lane and not each.after for each in jobs[:index])
                found[index] = of_new(job.type, job.lane, tenant, since, behind=behind, due_in=job.due_in)
        return found[index]

    return [forecast(index) for index in range(len(jobs))]


def _after(earlier: Forecast, alone: Forecast, since: datetime, due_at: datetime) -> Forecast:
    """What is not known of the one adds to what is not known of the other, as independent errors do.

    But where the job waits for its own moment even when the other one is late, it starts then.
    """
    if not (earlier.median_at and earlier.p90_at and alone.start_at and alone.median_at and alone.p90_at):
        return Forecast()
    turn = max(earlier.median_at, due_at)
    late = max(earlier.p90_at - turn, timedelta())
    median = turn + (alone.median_at - since)
    spread = timedelta(seconds=hypot(late.total_seconds(), (alone.p90_at - alone.median_at).total_seconds()))
    return Forecast(None, turn + (alone.start_at - since), median, median + spread)


def expected(
    arrivals: Arrivals,
    type_name: str,
    lane: Priority,
    tenant: TenantAccess,
    at: datetime,
    *,
    behind: int = 0,
    due_in: float = 0.0,
) -> tuple[int, forecasting.Forecast | None]:
    """The position of a job that is about to be dispatched, and in how many seconds from that moment on."""
    passed = max(0.0, arrivals.passed(at))
    own = arrivals.measured(tenant, lane) + behind
    turn = arrivals.turn(tenant, lane, own, passed)
    arrived = arrivals.before(lane, tenant.id, passed)
    return _reckoned(arrivals, type_name, lane, _ahead(arrivals, lane, tenant, own), turn, arrived, due_in)


def _ahead(arrivals: Arrivals, lane: Priority, tenant: TenantAccess, own: int) -> int:
    """Jobs of the lane before a new one, as it was measured."""
    here, window = arrivals.load.basis.lane(lane), window_of(tenant)
    arrived = arrivals.of_tenant(tenant, lane)
    if tenant.id not in here.deep and here.released + own + arrived < window:
        return here.released + own
    return here.ahead_of_waiting(own, window, arrived)


def _reckoned(
    arrivals: Arrivals,
    type_name: str,
    lane: Priority,
    ahead: int,
    turn: Turn | None,
    arrived: Arrived,
    due_in: float,
) -> tuple[int, forecasting.Forecast | None]:
    load = arrivals.load
    position = load.basis.higher(lane) + ahead
    if (line := arrivals.line(lane)) is None:
        return position, None
    wait = line.waiting(ahead, turn, arrived)
    return position + line.left(arrived), load.basis.forecast(arrivals.run_of(type_name), wait, due_in=due_in)


def _of_running(load: Workload, job: Job, at: datetime) -> Forecast:
    elapsed = (at - (job.started_at or at)).total_seconds()
    found = forecasting.of_running(load.run_of(job.type), max(0.0, elapsed))
    return _at(at, 0, found)


def _of_queued(
    arrivals: Arrivals, jobs: Iterable[tuple[Job, TenantAccess]], at: datetime
) -> dict[UUID, tuple[int, forecasting.Forecast | None]]:
    """Of those that have a place, by job: their position, and in how many seconds from this moment on."""
    queued = {job.id: (job, tenant) for job, tenant in jobs if job.status == Status.QUEUED and not job.blocked}
    if not queued:
        return {}
    parameters = {"jobs": [_asked(job, tenant) for job, tenant in queued.values()], "most": MOST_COUNTED}
    # What a tenant has running is the same for all of its jobs.
    left = cache(partial(_left, arrivals.load))
    return {
        each.id: _forecast(arrivals, *queued[each.id], each.own, left(each.running), at)
        for each in sql.rows(_Before, BEFORE, parameters)
    }


def _left(load: Workload, running: str) -> tuple[Work, ...]:
    return tuple(load.left_of(type_name, elapsed) for type_name, elapsed in orjson.loads(running))


def _asked(job: Job, tenant: TenantAccess) -> str:
    """A job for BEFORE: a text, because psycopg sends a list of texts sooner than a list of each column."""
    asked = {
        "id": job.id,
        "tenant_id": job.tenant_id,
        "lane": job.lane,
        "released": job.released_at is not None,
        "run_after": job.run_after,
        "limited": tenant.max_running is not None,
    }
    return orjson.dumps(asked).decode()


def _forecast(
    arrivals: Arrivals, job: Job, tenant: TenantAccess, own: int, running: tuple[Work, ...], at: datetime
) -> tuple[int, forecasting.Forecast | None]:
    lane, basis = Priority(job.lane), arrivals.load.basis
    here, turn = basis.lane(lane), None
    if tenant.max_running is not None:
        turn = Turn(tenant.max_running, running, basis.ahead_of(tenant.id, lane, own))
    arrived = arrivals.before_noted(job.id, lane, max(0.0, arrivals.passed(at))) if job.released_at else None
    if arrived:
        ahead = here.released
    elif job.released_at is None:
        ahead = here.ahead_of_waiting(own, window_of(tenant))
    else:
        ahead = max(own, here.released_before(job.released_at.timestamp()))
    due_in = max(0.0, (job.run_after - at).total_seconds())
    position, found = _reckoned(arrivals, job.type, lane, ahead, turn, arrived or arrivals.above(lane), due_in)
    return max(own, position), found


def _at(since: datetime, position: int, found: forecasting.Forecast | None) -> Forecast:
    if found is None:
        return Forecast(position)
    start, median, p90 = (since + timedelta(seconds=each) for each in (found.start, found.median, found.p90))
    return Forecast(position, start, median, p90)


def keep_record(before: Snapshot) -> None:
    """The sweeper's: see what came of forecasts, and keep some of those that were made since this measurement."""
    sql.execute(SETTLE, {})
    sql.execute(FORGET, {"most": forecasting.MOST_SCORES})
    if Record.objects.filter(ended_at=None).count() < MOST_OPEN:
        Record.objects.bulk_create(_said(before), ignore_conflicts=True)


def _said(before: Snapshot) -> list[Record]:
    """What was said of some of the jobs that have been dispatched since, whatever has become of them.

    It is made again, as a process had said it that took all of them. Of all jobs the same share is kept, up to as
    many as there are scores, however many come together: those of large bursts are late the most often.
    """
    load = before.workload
    jobs = _dispatched_since(load) if load.basis.lanes else []
    share = IN_A_ROUND / max(before.drain_rate * ROUND_SECONDS, IN_A_ROUND)
    chosen = set(random.sample(range(len(jobs)), min(ceil(share * len(jobs)), MOST_IN_A_ROUND)))
    arrivals, records = Arrivals(load), []
    for number, job in enumerate(jobs):
        if number in chosen:
            _, found = expected(arrivals, job.type, job.lane, job.tenant, job.at)
            if found:
                median, p90, promised = (job.at + timedelta(seconds=each) for each in (*found.model, found.p90))
                records.append(
                    Record(job_id=job.id, made_at=job.at, median_at=median, p90_at=p90, promised_at=promised)
                )
        arrivals.note(job)
    return records


def _dispatched_since(load: Workload) -> list[Dispatched]:
    """Those that waited for nothing but a place, when they were dispatched."""
    since = identifiers.first_id_at(datetime.fromtimestamp(load.measured_at, UTC))
    latest = Job.objects.filter(Q(depends_on=None) | Q(depends_on=[]), id__gte=since, run_at=None)
    due = latest.exclude(batch__sequential=True, position__gt=1).exclude(status=Status.CANCELLED)
    jobs = list(due.order_by("id").values_list("id", "type", "lane", "tenant_id")[:MOST_AT_ONCE])
    tenants = {
        tenant.pk: TenantAccess.of(tenant) for tenant in Tenant.objects.filter(pk__in={job[3] for job in jobs})
    }
    return [
        Dispatched(job_id, type_name, Priority(lane), tenants[tenant_id], identifiers.created_at(job_id))
        for job_id, type_name, lane, tenant_id in jobs
        if tenant_id in tenants
    ]


@dataclass(frozen=True, slots=True)
class _Before:
    id: UUID
    own: int
    # As JSON: the type of each job that its tenant has running, and for how many seconds. Of tenants with a limit.
    running: str


# Of a job's own tenant and lane: all that goes before it, each counted by an index that begins at the lane's bound.
BEFORE = """
SELECT asked.id, (
    SELECT count(*) FROM (
        SELECT FROM aijobs_job job
        WHERE job.tenant_id = asked.tenant_id AND job.lane = asked.lane AND job.status = 'queued'
          AND job.released_at IS NOT NULL AND job.run_after >= bound.due_from
          AND (job.run_after, job.id) < (CASE WHEN asked.released THEN asked.run_after ELSE 'infinity' END, asked.id)
        LIMIT %(most)s::int
    ) released
) + (
    SELECT count(*) FROM (
        SELECT FROM aijobs_job job
        WHERE NOT asked.released AND job.tenant_id = asked.tenant_id AND job.lane = asked.lane
          AND job.status = 'queued' AND job.released_at IS NULL AND NOT job.blocked
          AND job.run_after >= bound.due_from
          AND (job.run_after, job.id) < (asked.run_after, asked.id)
        LIMIT %(most)s::int
    ) waiting
) AS own, coalesce((
    SELECT json_agg(json_build_array(run.type, extract(epoch FROM now() - run.started_at)))
    FROM (VALUES (0), (1), (2)) AS lanes(number)
    LEFT JOIN aijobs_lanebound started ON started.tenant_id = asked.tenant_id AND started.lane = lanes.number
    CROSS JOIN LATERAL (
        SELECT job.type, job.started_at FROM aijobs_job job
        WHERE asked.limited AND job.tenant_id = asked.tenant_id AND job.lane = lanes.number
          AND job.status = 'running' AND job.started_at >= coalesce(started.started_from, '-infinity')
    ) run
), '[]')::text AS running
FROM unnest(%(jobs)s::json[]) AS each CROSS JOIN LATERAL json_to_record(each) AS asked(
    id uuid, tenant_id bigint, lane smallint, released boolean, run_after timestamptz, limited boolean
)
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT due_from FROM aijobs_lanebound WHERE tenant_id = asked.tenant_id AND lane = asked.lane
    ), '-infinity') AS due_from
) bound
"""

SETTLE = """
WITH gone AS (
    DELETE FROM aijobs_forecast forecast WHERE ended_at IS NULL AND NOT EXISTS (
        SELECT FROM aijobs_job job WHERE job.id = forecast.job_id AND job.status <> 'cancelled'
    )
)
UPDATE aijobs_forecast forecast SET ended_at = job.completed_at FROM aijobs_job job
WHERE forecast.ended_at IS NULL AND job.id = forecast.job_id AND job.status || '' IN ('completed', 'failed')
RETURNING forecast.job_id AS id
"""
FORGET = """
DELETE FROM aijobs_forecast WHERE job_id IN (
    SELECT job_id FROM aijobs_forecast WHERE ended_at IS NOT NULL ORDER BY ended_at DESC OFFSET %(most)s::int
) RETURNING job_id AS id
"""
