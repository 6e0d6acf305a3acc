"""Which queued jobs are in the broker: release within windows, and promotion between lanes.

A job is released when its id was published. Only a window of due, unblocked jobs per tenant and lane is released at
a time, so that ten thousand jobs of one tenant delay another by one window, and no low job holds up a high one.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from aijobs import sql
from aijobs.auth import TenantAccess
from aijobs.engine import bounds, broker, statements
from aijobs.engine.broker import Link
from aijobs.models import Job
from aijobs.states import Priority, Status

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Released:
    """A job to publish. `batch_id` is set for a member of a sequential batch: its message is a chain."""

    id: UUID
    type: str
    lane: int
    batch_id: UUID | None
    position: int | None


def window_of(tenant: TenantAccess) -> int:
    """How many jobs of a lane are handed out for the tenant at a time."""
    window = settings.AIJOBS_RELEASE_WINDOW if tenant.release_window is None else tenant.release_window
    return window if tenant.max_running is None else min(window, tenant.max_running)


def publish(released: Sequence[Released], hints: Sequence[str] = ()) -> None:
    """Publish released jobs after their commit. When the broker is down they wait, unreleased, for the sweeper.

    `hints`: what else is to be said on the way.
    """
    if not released:
        return
    try:
        broker.publish([_chain(job) for job in released], hints)
    except broker.BrokerDown:
        _unrelease([job.id for job in released])
    except sql.CONNECTION_ERRORS as error:
        # The jobs are accepted, whatever happens now: the sweeper finds that their messages are missing.
        logger.warning("jobs could not be published, the sweeper does it later: %s", error)


def _unrelease(ids: list[UUID]) -> None:
    try:
        with transaction.atomic():
            # By their ids, as all others do who want several: an UPDATE takes them as its plan finds them.
            sql.execute(statements.LOCK_JOBS, {"ids": ids})
            waiting = Job.objects.filter(id__in=ids, status=Status.QUEUED)
            waiting.update(released_at=None, releases=Greatest(F("releases") - 1, 0))
    except sql.CONNECTION_ERRORS as error:
        logger.warning("released jobs could not be published, the sweeper does it later: %s", error)


def _chain(job: Released) -> tuple[Link, list[Link]]:
    """A member of a sequential batch carries the members after it, rebuilt from their rows."""
    head = Link(job.id, job.type, job.lane)
    if job.batch_id is None:
        return head, []
    rest = Job.objects.filter(batch_id=job.batch_id, position__gt=job.position, status=Status.QUEUED)
    return head, [Link(*row) for row in rest.order_by("position").values_list("id", "type", "lane")]


def refill(tenant_id: int) -> int:
    """Release what the tenant's windows have room for, in order. Returns how many were released.

    The lock and the counting are two statements: a statement that waits for a lock counts with a snapshot that is
    older than the lock, and would overshoot the window and `max_running`.
    """
    try:
        with transaction.atomic():
            sql.execute(LOCK_REFILL, {"space": bounds.TENANTS_LOCK, "tenant": tenant_id})
            released = sql.rows(Released, RELEASE, {"tenant": tenant_id, "window": settings.AIJOBS_RELEASE_WINDOW})
    except sql.LockTimeout:
        # A worker froze while it held the lock. The other tenants are not kept, and the next sweep comes again.
        return 0
    publish(released)
    return len(released)


@dataclass(frozen=True, slots=True)
class _Tenant:
    id: int


# Not flushed at its commit: a release that a crash of the server takes back is made again, and its message refused.
LOCK_REFILL = """
WITH settings AS MATERIALIZED (
    SELECT set_config('lock_timeout', '1s', true) AS patience, set_config('synchronous_commit', 'off', true) AS flush
)
SELECT pg_advisory_xact_lock(%(space)s::int, %(tenant)s::int)::text AS locked
FROM settings WHERE patience = '1s' AND flush = 'off'
"""

# A sequential member is published as a chain: only for it is batch_id returned.
RETURNED = """
    job.id, job.type, job.lane,
    (SELECT batch.id FROM aijobs_batch batch WHERE batch.id = job.batch_id AND batch.sequential) AS batch_id,
    job.position
"""

# With a limit of running jobs, what is released counts as running: each of them may start at any moment. But a lane
# counts only what is released to itself and the lanes before it: a tenant's low jobs take no places of its high ones.
RELEASED_BEFORE = """
SELECT coalesce(sum(released.jobs), 0) FROM (VALUES (0), (1), (2)) AS lanes(number)
LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = tenant.id AND bound.lane = lanes.number
CROSS JOIN LATERAL (
    SELECT count(*) AS jobs FROM aijobs_job released
    WHERE released.tenant_id = tenant.id AND released.lane = lanes.number AND released.status = 'queued'
      AND released.released_at IS NOT NULL AND released.run_after >= coalesce(bound.due_from, '-infinity')
) released
WHERE lanes.number >= lane.number
"""
RELEASE = f"""
WITH candidate AS (
    SELECT due.id, places.free, row_number() OVER (ORDER BY lane.number DESC, due.run_after, due.id) AS place
    FROM aijobs_tenant tenant
    CROSS JOIN (VALUES (0), (1), (2)) AS lane(number)
    LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = tenant.id AND bound.lane = lane.number
    CROSS JOIN LATERAL (SELECT coalesce(bound.due_from, '-infinity') AS due_from) bounded
    CROSS JOIN LATERAL (
        SELECT CASE WHEN tenant.max_running IS NULL THEN 2147483647
            ELSE tenant.max_running - ({statements.RUNNING}) - ({RELEASED_BEFORE}) END AS free
    ) places
    CROSS JOIN LATERAL (
        SELECT waiting.id, waiting.run_after FROM aijobs_job waiting
        WHERE waiting.tenant_id = tenant.id AND waiting.lane = lane.number AND waiting.status = 'queued'
          AND waiting.released_at IS NULL AND NOT waiting.blocked
          AND waiting.run_after BETWEEN bounded.due_from AND now()
        ORDER BY waiting.run_after, waiting.id
        LIMIT greatest(0, coalesce(tenant.release_window, %(window)s::int) - (
            SELECT count(*) FROM aijobs_job released
            WHERE released.tenant_id = tenant.id AND released.lane = lane.number
              AND released.status = 'queued' AND released.released_at IS NOT NULL
              AND released.run_after >= bounded.due_from
        ))
        -- Never wait for a job that is being cancelled: that waits for us (lock order: batch, jobs, capacity).
        FOR UPDATE SKIP LOCKED
    ) due
    WHERE tenant.id = %(tenant)s AND tenant.suspended_at IS NULL
), released AS (
    UPDATE aijobs_job job SET released_at = now(), releases = job.releases + 1
    FROM candidate WHERE job.id = candidate.id AND candidate.place <= candidate.free
    RETURNING {RETURNED}, candidate.place
)
-- In order: an UPDATE returns its rows in any.
SELECT id, type, lane, batch_id, position FROM released ORDER BY place
"""


def release_due() -> None:
    """The sweeper's refill of every tenant that has due jobs and room for them."""
    for tenant in sql.rows(_Tenant, TENANTS_TO_REFILL, {"window": settings.AIJOBS_RELEASE_WINDOW}):
        refill(tenant.id)


TENANTS_TO_REFILL = """
SELECT tenant.id FROM aijobs_tenant tenant
JOIN aijobs_tenantcapacity capacity ON capacity.tenant_id = tenant.id AND capacity.active > 0
WHERE tenant.suspended_at IS NULL AND EXISTS (
    SELECT FROM (VALUES (0), (1), (2)) AS lane(number)
    LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = tenant.id AND bound.lane = lane.number
    CROSS JOIN LATERAL (SELECT coalesce(bound.due_from, '-infinity') AS due_from) bounded
    WHERE (
        SELECT true FROM aijobs_job waiting
        WHERE waiting.tenant_id = tenant.id AND waiting.lane = lane.number AND waiting.status = 'queued'
          AND waiting.released_at IS NULL AND NOT waiting.blocked
          AND waiting.run_after BETWEEN bounded.due_from AND now()
        ORDER BY waiting.tenant_id, waiting.lane, waiting.run_after LIMIT 1
    ) AND coalesce(tenant.release_window, %(window)s::int) > (
        SELECT count(*) FROM aijobs_job released
        WHERE released.tenant_id = tenant.id AND released.lane = lane.number
          AND released.status = 'queued' AND released.released_at IS NOT NULL
          AND released.run_after >= bounded.due_from
    )
)
ORDER BY tenant.id
"""


def promote() -> None:
    """Move jobs that have waited `promote_after` one lane up (twice that: two lanes), so that none starves.

    Waiting counts from when a job became due and unblocked, released or not. It goes on in its new lane's window,
    where it is the oldest; the claim refuses the message left in the old queue.
    """
    try:
        with bounds.alone():
            sql.execute(PROMOTE, {"seconds": settings.AIJOBS_PROMOTE_AFTER_SECONDS})
    except sql.LockTimeout:
        # A worker froze while it raised a bound: the next sweep comes again.
        return


# The highest lane is a constant here, as it is in the index.
PROMOTE = f"""
WITH waiting AS (
    SELECT id FROM aijobs_job
    WHERE status = 'queued' AND NOT blocked AND lane < {Priority.HIGH.value}
      AND run_after < now() - make_interval(secs => %(seconds)s::float * (lane - priority + 1))
      -- The same for the first promotion, without the row: the index begins and ends there.
      AND run_after < now() - make_interval(secs => %(seconds)s::float)
    ORDER BY run_after LIMIT 1000
    FOR UPDATE SKIP LOCKED
), promoted AS (
    UPDATE aijobs_job job SET lane = job.lane + 1, released_at = NULL, releases = 0
    FROM waiting WHERE job.id = waiting.id
    RETURNING job.id, job.tenant_id, job.lane, job.run_after
), lowered AS (
    UPDATE aijobs_lanebound bound SET due_from = oldest.run_after
    FROM (SELECT tenant_id, lane, min(run_after) AS run_after FROM promoted GROUP BY tenant_id, lane) oldest
    WHERE bound.tenant_id = oldest.tenant_id AND bound.lane = oldest.lane AND bound.due_from > oldest.run_after
)
SELECT id FROM promoted
"""
