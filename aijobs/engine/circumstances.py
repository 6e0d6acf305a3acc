"""What holds jobs up, as far as their own rows do not say it: read for a page of jobs in two statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import orjson
from django.utils.timezone import now

from aijobs import registry, sql
from aijobs.engine import broker, statements, statistics
from aijobs.models import Job
from aijobs.models.workers import SILENT_SECONDS
from aijobs.states import QUEUES, TERMINAL, EventKind, Priority, Status

# Of the jobs of each type that ended last, one was claimed last but for those that still run.
LAST_ENDED = 20


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a job's row and its tenant's do not say."""

    at: datetime
    # Of the last event that decided why it waits.
    kind: str = EventKind.QUEUED
    data: dict[str, str] = field(default_factory=dict)
    # The first member of its batch that is before it and not over, and how many others there are.
    waits_for: UUID | None = None
    others: int = 0
    # Its tenant's, counted where there is a limit.
    running: int = 0
    # Due jobs of higher lanes that go first, of all tenants, at the last measurement.
    higher: int = 0
    # When a worker last claimed a job of its lane, and when the sweeper last measured; None: not that we know.
    claimed_at: datetime | None = None
    swept_at: datetime | None = None
    # Whether a worker that takes from its lane has lately said that it is there.
    served: bool = True
    broker_down: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    kind: str
    data: str | None
    waits_for: UUID | None
    others: int
    running: int


@dataclass(frozen=True, slots=True)
class _Service:
    """`claimed`: the last claim of each lane. `queues`: those that workers take from which are there."""

    claimed: str
    queues: list[str]
    swept_at: datetime | None


def of(jobs: Sequence[Job]) -> list[Circumstances]:
    """Of each job, in their order. Jobs that have ended need none: nothing is read for them."""
    open_jobs = [job.id for job in jobs if Status(job.status) not in TERMINAL]
    if not open_jobs:
        return [Circumstances(now())] * len(jobs)
    rows = {row.id: row for row in sql.rows(_Row, CIRCUMSTANCES, {"ids": open_jobs})}
    types = [kind.name for kind in registry.all_types()]
    service = sql.rows(_Service, SERVICE, {"types": types, "last": LAST_ENDED, "silent": SILENT_SECONDS})[0]
    claimed = {int(lane): datetime.fromisoformat(at) for lane, at in orjson.loads(service.claimed).items() if at}
    shared = Circumstances(now(), swept_at=service.swept_at, broker_down=not broker.available())
    basis = statistics.snapshot().workload.basis
    lanes = {
        lane: replace(shared, higher=basis.higher(lane), claimed_at=claimed.get(lane), served=queue in service.queues)
        for lane, queue in QUEUES.items()
    }
    return [_with(lanes[Priority(job.lane)], rows.get(job.id)) for job in jobs]


def _with(shared: Circumstances, row: _Row | None) -> Circumstances:
    if row is None:
        return shared
    return replace(
        shared,
        kind=row.kind,
        data=orjson.loads(row.data) if row.data else {},
        waits_for=row.waits_for,
        others=row.others,
        running=row.running,
    )


# The last event of each job but what callers asked of it, the members of its batch that it waits for, and how many
# jobs of its tenant run, counted once a tenant and where it has a limit.
CIRCUMSTANCES = f"""
WITH job AS MATERIALIZED (
    SELECT id, tenant_id, batch_id, position, depends_on, blocked, event_seq FROM aijobs_job
    WHERE id = ANY(%(ids)s::uuid[])
), busy AS MATERIALIZED (
    SELECT tenant.id, ({statements.RUNNING}) AS running FROM aijobs_tenant tenant
    WHERE tenant.id IN (SELECT tenant_id FROM job) AND tenant.max_running IS NOT NULL
)
SELECT job.id, coalesce(event.kind, '') AS kind, event.data::text AS data,
    earlier.ids[1] AS waits_for, greatest(cardinality(earlier.ids) - 1, 0) AS others,
    coalesce(busy.running, 0)::int AS running
FROM job CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(member.id ORDER BY member.position), '{{}}') AS ids FROM aijobs_job member
    WHERE job.blocked AND member.batch_id = job.batch_id
      AND (CASE WHEN job.depends_on IS NULL THEN member.position < job.position
          ELSE member.position = ANY(job.depends_on) END)
      AND member.status IN ('queued', 'running')
) earlier LEFT JOIN LATERAL (
    SELECT last.kind, last.data FROM aijobs_jobevent last
    WHERE last.job_id = job.id AND last.seq <= job.event_seq AND last.kind NOT IN ('changed', 'cancel_requested')
    ORDER BY last.job_id DESC, last.seq DESC LIMIT 1
) event ON true
LEFT JOIN busy ON busy.id = job.tenant_id
"""

# The last claim of each lane: of the running jobs, and of those that ended last of each type.
SERVICE = """
SELECT coalesce((
    SELECT jsonb_object_agg(lane, at) FROM (
        SELECT lane, max(started_at) AS at FROM (
            SELECT running.lane, running.started_at FROM aijobs_tenantcapacity capacity
            CROSS JOIN (VALUES (0), (1), (2)) AS lanes(number)
            LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = capacity.tenant_id AND bound.lane = lanes.number
            CROSS JOIN LATERAL (
                SELECT job.lane, job.started_at FROM aijobs_job job
                WHERE job.tenant_id = capacity.tenant_id AND job.lane = lanes.number AND job.status = 'running'
                  AND job.started_at >= coalesce(bound.started_from, '-infinity')
                ORDER BY job.tenant_id DESC, job.lane DESC, job.started_at DESC LIMIT 1
            ) running
            WHERE capacity.active > 0
            UNION ALL
            SELECT recent.lane, recent.started_at FROM unnest(%(types)s::text[]) AS kind(name)
            CROSS JOIN LATERAL (
                SELECT ended.lane, ended.started_at FROM aijobs_job ended
                WHERE ended.type = kind.name AND ended.completed_at IS NOT NULL
                ORDER BY ended.completed_at DESC LIMIT %(last)s::int
            ) recent
        ) claims GROUP BY lane
    ) claimed
), '{}')::text AS claimed,
    ARRAY(
        SELECT DISTINCT unnest(queues) FROM aijobs_worker
        WHERE seen_at > now() - make_interval(secs => %(silent)s::float)
    ) AS queues,
    (SELECT max(refreshed_at) FROM aijobs_queuestatistics) AS swept_at
"""
