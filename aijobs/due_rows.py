"""Schedules that are due, as rows: held with all that a decision needs, and decided, several in a round trip.

Ten thousand may be due in the same minute.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from aijobs.auth import TenantAccess
from aijobs.models import Schedule


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule whose row is held, its tenant, and what stands in the way of a dispatch."""

    id: UUID
    cron: str
    interval_seconds: int | None
    anchor: datetime | None
    timezone: str
    template_kind: str
    template: str
    overlap: str
    missed: str
    missed_window_seconds: int
    jitter_seconds: int
    next_due_at: datetime
    held: str
    failures: int
    tenant_id: int
    tenant_name: str
    tenant_timezone: str
    suspended: bool
    release_window: int | None
    max_running: int | None
    queue_limit: int | None
    # The moment that the database's clock shows, the one clock that all processes have in common.
    present: datetime
    # Whether jobs that it dispatched are queued or running.
    busy: bool
    # Due times from `next_due_at` on that something came of: left out, or made up for.
    decided: list[datetime]

    @property
    def access(self) -> TenantAccess:
        return TenantAccess(
            id=self.tenant_id,
            name=self.tenant_name,
            timezone=self.tenant_timezone,
            suspended=self.suspended,
            release_window=self.release_window,
            max_running=self.max_running,
            queue_limit=self.queue_limit,
        )

    def schedule(self) -> Schedule:
        """What is read of it here."""
        return Schedule(
            id=self.id,
            tenant_id=self.tenant_id,
            cron=self.cron,
            interval_seconds=self.interval_seconds,
            anchor=self.anchor,
            timezone=self.timezone,
            template_kind=self.template_kind,
            template=orjson.loads(self.template),
            overlap=self.overlap,
            missed=self.missed,
            missed_window_seconds=self.missed_window_seconds,
            jitter_seconds=self.jitter_seconds,
            held=self.held,
            failures=self.failures,
        )


# As they were found: whoever decided one meanwhile has moved `wake_at`, and then neither is it due, nor would what
# this statement sees of its jobs be newer than the lock.
# Not flushed at the commit: a dispatch that a crash of the server takes back is made again. Its message is then of a
# job that is not there; and whatever a worker commits of the job flushes the dispatch before it.
HOLD = """
WITH settings AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS flush)
SELECT schedule.id, cron, interval_seconds, anchor, schedule.timezone, template_kind, template::text AS template,
    overlap, missed, missed_window_seconds, jitter_seconds, next_due_at, held, failures, schedule.tenant_id,
    tenant.name AS tenant_name, tenant.timezone AS tenant_timezone, tenant.suspended_at IS NOT NULL AS suspended,
    tenant.release_window, tenant.max_running, tenant.queue_limit, now() AS present,
    EXISTS (
        SELECT FROM aijobs_job WHERE schedule_id = schedule.id AND status IN ('queued', 'running')
    ) AS busy,
    ARRAY(
        SELECT due_at FROM aijobs_schedulerun
        WHERE schedule_id = schedule.id AND due_at >= schedule.next_due_at
    ) AS decided
FROM settings CROSS JOIN json_to_recordset(%(found)s::json) AS found(id uuid, wake_at timestamptz)
JOIN aijobs_schedule schedule ON schedule.id = found.id AND schedule.wake_at = found.wake_at
JOIN aijobs_tenant tenant ON tenant.id = schedule.tenant_id
WHERE settings.flush = 'off'
FOR UPDATE OF schedule SKIP LOCKED
"""

# A due time that something came of meanwhile is an error, which undoes all of it.
DECIDE = """
WITH run AS (
    INSERT INTO aijobs_schedulerun (
        schedule_id, tenant_id, due_at, trigger, outcome, reason, detail, job_id, batch_id
    )
    SELECT schedule_id, tenant_id, due_at, 'due', outcome, reason, detail, job_id, batch_id
    FROM json_to_recordset(%(runs)s::json) AS (
        schedule_id uuid, tenant_id bigint, due_at timestamptz, outcome text, reason text, detail text, job_id uuid,
        batch_id uuid
    )
)
UPDATE aijobs_schedule schedule SET
    next_due_at = decided.next_due_at, wake_at = decided.wake_at, held = decided.held, failures = decided.failures,
    paused_at = decided.paused_at, paused_by = decided.paused_by, pause_reason = decided.pause_reason
FROM json_to_recordset(%(schedules)s::json) AS decided(
    id uuid, next_due_at timestamptz, wake_at timestamptz, held text, failures int, paused_at timestamptz,
    paused_by text, pause_reason text
)
WHERE schedule.id = decided.id
RETURNING schedule.id
"""
