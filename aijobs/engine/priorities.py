"""Another priority for queued jobs: they leave the lane that they waited in, released or not, for the other one.

The message that a released one has in its old lane is stale from then on. A worker that takes it before the job is
released to its new lane is refused by the claim; one that takes it afterwards runs the job, and is the only one. The
sweeper takes it out of the broker.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from aijobs import sql
from aijobs.engine import bounds, queueing
from aijobs.errors import JobNotFound, JobNotQueued, TryAgain
from aijobs.models import Job
from aijobs.states import Priority, Status


def set_priority(job_id: UUID, tenant_id: int, priority: Priority) -> None:
    """Let a queued job wait in the lane of this priority; once more does nothing.

    Raises JobNotFound, JobNotQueued, TryAgain.
    """
    try:
        with transaction.atomic():
            changed = change([job_id], tenant_id, priority)
    except sql.LockTimeout:
        raise TryAgain(retry_after=1) from None
    if changed:
        queueing.refill(tenant_id)
        return
    status = Job.objects.of(tenant_id).filter(id=job_id).values_list("status", flat=True).first()
    if status is None:
        raise JobNotFound()
    if status != Status.QUEUED:
        raise JobNotQueued(f"The job is {status}; only a queued job can get another priority.")


def change(ids: Sequence[UUID], tenant_id: int, priority: Priority) -> int:
    """As `set_priority`, for those of a tenant's jobs that are queued; returns how many are.

    In the caller's transaction; after its commit the tenant's windows want a refill. Raises LockTimeout.
    """
    with bounds.alone():
        return sql.execute(SET_PRIORITY, {"ids": sorted(ids), "tenant": tenant_id, "priority": priority})


# As a promotion, it brings old jobs into a lane, whose bound it lowers. A job that goes down waits there from now on:
# what it has waited above would else promote it again at the next sweep.
SET_PRIORITY = """
WITH wanted AS (
    SELECT id FROM aijobs_job
    WHERE id = ANY(%(ids)s::uuid[]) AND tenant_id = %(tenant)s::bigint AND status || '' = 'queued'
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE aijobs_job job SET
        priority = %(priority)s::smallint, lane = %(priority)s::smallint,
        run_after = CASE WHEN lane > %(priority)s::smallint THEN greatest(run_after, now()) ELSE run_after END,
        released_at = CASE WHEN lane = %(priority)s::smallint THEN released_at END,
        releases = CASE WHEN lane = %(priority)s::smallint THEN releases ELSE 0 END
    FROM wanted WHERE job.id = wanted.id AND job.status || '' = 'queued'
    RETURNING job.id, job.lane, job.run_after, job.blocked
), lowered AS (
    UPDATE aijobs_lanebound bound SET due_from = oldest.run_after
    FROM (SELECT lane, min(run_after) AS run_after FROM changed WHERE NOT blocked GROUP BY lane) oldest
    WHERE bound.tenant_id = %(tenant)s::bigint AND bound.lane = oldest.lane AND bound.due_from > oldest.run_after
)
SELECT id FROM changed
"""
