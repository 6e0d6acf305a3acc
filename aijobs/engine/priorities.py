"""Another priority, or another moment to run at, for queued jobs.

With another priority they leave the lane that they waited in, released or not, for the other one. With a later moment
they leave their place in its window.

The message that a released one has in its old lane is stale from then on. A worker that takes it before the job is
released to its new lane is refused by the claim; one that takes it afterwards runs the job, and is the only one. The
sweeper takes it out of the broker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from aijobs import sql
from aijobs.engine import bounds, queueing
from aijobs.engine.looking import look_again
from aijobs.errors import JobNotFound, JobNotQueued, TryAgain
from aijobs.models import Job
from aijobs.states import Priority, Status


@dataclass(frozen=True, slots=True)
class Move:
    """The moment before which a job shall not start; None: as soon as it can."""

    run_at: datetime | None


def set_priority(job_id: UUID, tenant_id: int, priority: Priority) -> None:
    """Let a queued job wait in the lane of this priority; once more does nothing. Raises as `change_one` does."""
    change_one(job_id, tenant_id, priority, None)


def change_one(job_id: UUID, tenant_id: int, priority: Priority | None, move: Move | None) -> None:
    """Give a queued job another priority, another moment to run at, or both; once more does nothing.

    Raises JobNotFound, JobNotQueued, TryAgain.
    """
    look_again(lambda: _change_one(job_id, tenant_id, priority, move))
    queueing.refill(tenant_id)


def _change_one(job_id: UUID, tenant_id: int, priority: Priority | None, move: Move | None) -> int | None:
    try:
        with transaction.atomic():
            changed = change([job_id], tenant_id, priority, move)
    except sql.LockTimeout:
        raise TryAgain(retry_after=1) from None
    if changed:
        return changed
    status = Job.objects.of(tenant_id).filter(id=job_id).values_list("status", flat=True).first()
    if status is None:
        raise JobNotFound()
    if status != Status.QUEUED:
        raise JobNotQueued(f"The job is {status}; only a queued job can be changed.")
    # It was running when it was to be changed, and has been given back since.
    return None


def change(ids: Sequence[UUID], tenant_id: int, priority: Priority | None, move: Move | None = None) -> int:
    """As `change_one`, for those of a tenant's jobs that are queued; returns how many are.

    In the caller's transaction; after its commit the tenant's windows want a refill. Raises LockTimeout.
    """
    parameters = {
        "ids": sorted(ids),
        "tenant": tenant_id,
        "priority": priority,
        "label": None if priority is None else priority.label,
        "move": move is not None,
        "run_at": move and move.run_at,
    }
    with bounds.alone():
        return sql.execute(CHANGE, parameters)


# As a promotion, it brings old jobs into a lane, whose bound it lowers. A job that goes down waits there from now on:
# what it has waited above would else promote it again at the next sweep. One that was promoted stays where it is,
# unless it shall have a lower priority, or wait for a later moment, for which it gives up what it has waited. The end
# of a backoff is kept where it is later. A moment that is over is kept too: it is the job's place in its lane. The
# event says what is another one now.
CHANGE = f"""
WITH wanted AS (
    SELECT id, wish.priority, place.lane, wish.run_at,
        greatest(wish.due, CASE WHEN job.lane > place.lane THEN now() END) AS run_after,
        jsonb_strip_nulls(jsonb_build_object(
            'priority', CASE WHEN wish.priority <> job.priority THEN %(label)s::text END,
            'run_at', CASE WHEN wish.run_at IS DISTINCT FROM job.run_at THEN to_char(
                coalesce(wish.run_at, now()) AT TIME ZONE 'UTC', {sql.TIMESTAMP}
            ) END
        )) AS changes
    FROM aijobs_job job CROSS JOIN LATERAL (
        SELECT coalesce(%(priority)s::smallint, job.priority) AS priority,
            CASE WHEN %(move)s::boolean THEN %(run_at)s::timestamptz ELSE job.run_at END AS run_at,
            CASE WHEN %(move)s::boolean THEN greatest(
                least(now(), run_after), %(run_at)s::timestamptz, backoff_until
            ) ELSE run_after END AS due
    ) wish CROSS JOIN LATERAL (
        SELECT CASE WHEN wish.priority < job.priority OR wish.due > greatest(run_after, now()) THEN wish.priority
            ELSE greatest(wish.priority, job.lane) END AS lane
    ) place
    WHERE id = ANY(%(ids)s::uuid[]) AND tenant_id = %(tenant)s::bigint AND status || '' = 'queued'
    ORDER BY id
    FOR NO KEY UPDATE OF job
), changed AS (
    UPDATE aijobs_job job SET
        priority = wanted.priority, lane = wanted.lane, run_at = wanted.run_at, run_after = wanted.run_after,
        released_at = CASE WHEN job.lane = wanted.lane AND wanted.run_after <= now() THEN released_at END,
        releases = CASE WHEN job.lane = wanted.lane AND wanted.run_after <= now() THEN releases ELSE 0 END,
        event_seq = event_seq + (changes <> '{{}}')::int
    FROM wanted WHERE job.id = wanted.id AND job.status || '' = 'queued'
    RETURNING job.id, job.tenant_id, job.lane, job.run_after, job.blocked, job.event_seq, job.attempt, changes
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, 'changed', attempt, changes FROM changed WHERE changes <> '{{}}'
), lowered AS (
    UPDATE aijobs_lanebound bound SET due_from = oldest.run_after
    FROM (SELECT lane, min(run_after) AS run_after FROM changed WHERE NOT blocked GROUP BY lane) oldest
    WHERE bound.tenant_id = %(tenant)s::bigint AND bound.lane = oldest.lane AND bound.due_from > oldest.run_after
)
SELECT id FROM changed
"""  # noqa: S608  # of constants
