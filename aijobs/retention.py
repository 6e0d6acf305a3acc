"""How long jobs, their results and the rollup are kept, and their deletion, a step at a time.

A step is one short statement, and says whether to go on. What a tenant may have otherwise than others is deleted
tenant by tenant, in turn, so that the backlog of one keeps no other's waiting.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

import orjson
from django.conf import settings
from django.utils.timezone import now

from aijobs import identifiers, sql

# Tenants that one statement looks at, and the rows that it takes of them.
TENANTS = 500
MOST_ROWS = 250
# While another client holds a transaction open, what was deleted cannot be cleared away, and a look for old rows
# would walk past it. So a tenant's look begins where the last one ended, and only so often at the very beginning.
FROM_THE_BEGINNING_SECONDS = 600.0
# The same hour of last week, and the same month of last year, can be compared with.
MINUTES_KEPT = timedelta(days=8)
HOURS_KEPT = timedelta(days=396)
# Deliveries of webhooks, also those that were never sent.
DELIVERIES_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Step:
    """How many rows are gone, and whether it is worth while to go on."""

    rows: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Visit:
    rows: int
    # The last tenant that it came to; None where there are no more.
    last: int | None
    # Where the look for each tenant's ended that had any, as a JSON object.
    reached: str


class InTurn:
    """A statement of `in_turn`: each step goes on after the tenants of the one before."""

    def __init__(self, statement: LiteralString, days: Callable[[], int | None]) -> None:
        self._statement = statement
        self._days = days
        self._after = 0
        self._found = False
        self._reached: dict[str, str] = {}
        self._forget_at = 0.0

    def __call__(self) -> Step:
        if time.monotonic() >= self._forget_at:
            self._reached, self._forget_at = {}, time.monotonic() + FROM_THE_BEGINNING_SECONDS
        parameters = {
            "after": self._after,
            "days": self._days(),
            "tenants": TENANTS,
            "most": MOST_ROWS,
            "reached": orjson.dumps(self._reached).decode(),
        }
        [visit] = sql.rows(_Visit, self._statement, parameters)
        self._reached |= orjson.loads(visit.reached)
        self._found |= visit.rows > 0
        # All tenants were visited, and none of them had anything.
        idle = visit.last is None and not self._found
        if visit.last is None:
            self._found = False
        self._after = visit.last or 0
        return Step(visit.rows, more=not idle)


def in_turn(own_days: LiteralString, old: LiteralString, deletion: LiteralString) -> LiteralString:
    """A statement that deletes of the next tenants.

    `own_days` is the field of those tenants that have it otherwise. `old` selects the rows of `tenants.id` that are
    older than `tenants.days`, in the order of an index, from `tenants.reached` on if it is not null, and each with
    its `position` in the index as text. `deletion` are more expressions of the statement's, of which `gone` deletes
    what is `picked`, and returns each.
    """
    return sql.short(IN_TURN.replace("{own_days}", own_days).replace("{old}", old).replace("{deletion}", deletion))


# It goes on after the last tenant of whom something was picked where that was all that a step may pick, else after
# all that it looked at; from the beginning where they were the last ones.
IN_TURN: LiteralString = """
WITH tenants AS MATERIALIZED (
    SELECT id, coalesce({own_days}, %(days)s::int) AS days, %(reached)s::jsonb ->> id::text AS reached
    FROM aijobs_tenant
    WHERE id > %(after)s::bigint ORDER BY id LIMIT %(tenants)s::int
), picked AS MATERIALIZED (
    SELECT tenants.id AS tenant_id, tenants.days, old.*
    FROM tenants CROSS JOIN LATERAL ({old} LIMIT %(most)s::int) old ORDER BY tenants.id LIMIT %(most)s::int
), {deletion}
SELECT (SELECT count(*) FROM gone) AS rows, CASE
    WHEN (SELECT count(*) FROM picked) >= %(most)s::int THEN (SELECT max(tenant_id) FROM picked)
    WHEN (SELECT count(*) FROM tenants) >= %(tenants)s::int THEN (SELECT max(id) FROM tenants)
END AS last, (
    SELECT coalesce(jsonb_object_agg(tenant_id, position), '{}') FROM (
        SELECT tenant_id, max(position COLLATE "C") AS position FROM picked GROUP BY tenant_id
    ) reached
)::text AS reached
"""
# By the id, which begins with the moment of creation: no job has ended before it.
_CREATED_BEFORE = """
(lpad(to_hex(greatest(extract(epoch FROM now() - make_interval(days => tenants.days)) * 1000, 0)::bigint), 12, '0')
    || repeat('0', 20))::uuid
"""
# In pairs, so that the primary key is no way: it would lead through what other tenants keep for longer.
_OLD_IDS = f"""
(job.tenant_id, job.id) < (tenants.id, {_CREATED_BEFORE})
AND (job.tenant_id, job.id) >= (tenants.id, coalesce(tenants.reached, repeat('0', 32))::uuid)
"""
# A batch goes as a whole, when its last job is old enough: without some of its jobs, its status would be another.
_OLD_JOBS = f"""
SELECT job.id, job.batch_id, job.id::text AS position FROM aijobs_job job
WHERE {_OLD_IDS} AND job.completed_at < now() - make_interval(days => tenants.days)
  AND NOT EXISTS (
      SELECT FROM aijobs_job member WHERE member.batch_id = job.batch_id AND (
          member.completed_at IS NULL OR member.completed_at >= now() - make_interval(days => tenants.days)
      )
  )
ORDER BY job.tenant_id NULLS FIRST, job.id NULLS FIRST
"""  # noqa: S608  # of constants
# The events go with their week's partition, except where another tenant's jobs keep that for longer.
_DELETE_JOBS = """
doomed AS MATERIALIZED (
    SELECT id, days FROM picked
    UNION
    SELECT member.id, picked.days FROM picked JOIN aijobs_job member ON member.batch_id = picked.batch_id
), gone AS (
    DELETE FROM aijobs_job WHERE id = ANY (ARRAY(SELECT id FROM doomed)) RETURNING id
), events AS (
    DELETE FROM aijobs_jobevent WHERE job_id = ANY (ARRAY(
        SELECT id FROM doomed WHERE days < greatest(%(days)s::int, (SELECT max(job_days) FROM aijobs_tenant))
    ))
), batches AS (
    DELETE FROM aijobs_batch WHERE id = ANY (ARRAY(SELECT batch_id FROM picked WHERE batch_id IS NOT NULL))
)
"""
DELETE_JOBS = in_turn("job_days", _OLD_JOBS, _DELETE_JOBS)
DELETE_RESULTS = in_turn(
    "result_days",
    f"""
    SELECT job.id, job.id::text AS position FROM aijobs_job job
    WHERE job.result IS NOT NULL AND {_OLD_IDS} AND job.completed_at < now() - make_interval(days => tenants.days)
    ORDER BY job.tenant_id, job.id
    """,  # noqa: S608  # of constants
    """
    gone AS (
        UPDATE aijobs_job SET result = NULL WHERE id = ANY (ARRAY(SELECT id FROM picked)) RETURNING id
    )
    """,
)
DELETE_RUNS = in_turn(
    "job_days",
    """
    SELECT run.id, run.created_at::text AS position FROM aijobs_schedulerun run
    WHERE run.tenant_id = tenants.id AND run.created_at < now() - make_interval(days => tenants.days)
      AND run.created_at >= coalesce(tenants.reached, '-infinity')::timestamptz
    ORDER BY run.tenant_id, run.created_at
    """,
    "gone AS (DELETE FROM aijobs_schedulerun WHERE id = ANY (ARRAY(SELECT id FROM picked)) RETURNING id)",
)
# Those that were deleted: their jobs and runs have named them, and are gone by now.
DELETE_SCHEDULES = in_turn(
    "job_days",
    """
    SELECT schedule.id, schedule.deleted_at::text AS position FROM aijobs_schedule schedule
    WHERE schedule.tenant_id = tenants.id AND schedule.deleted_at < now() - make_interval(days => tenants.days)
      AND schedule.deleted_at >= coalesce(tenants.reached, '-infinity')::timestamptz
      AND (
          SELECT true FROM aijobs_job job
          WHERE job.tenant_id = schedule.tenant_id AND job.schedule_id = schedule.id
          ORDER BY job.tenant_id, job.schedule_id LIMIT 1
      ) IS NULL
      AND (
          SELECT true FROM aijobs_schedulerun run WHERE run.schedule_id = schedule.id
          ORDER BY run.schedule_id LIMIT 1
      ) IS NULL
    ORDER BY schedule.tenant_id, schedule.deleted_at
    """,
    "gone AS (DELETE FROM aijobs_schedule WHERE id = ANY (ARRAY(SELECT id FROM picked)) RETURNING id)",
)
DELETE_BULK_ACTIONS = """
DELETE FROM aijobs_bulkaction WHERE id = ANY (ARRAY(
    SELECT id FROM aijobs_bulkaction WHERE finished_at < %(before)s::timestamptz
    ORDER BY finished_at LIMIT %(most)s::int
)) RETURNING id
"""
DELETE_MINUTES, DELETE_HOURS = (
    f"""
    DELETE FROM aijobs_{unit}rollup WHERE id = ANY (ARRAY(
        SELECT id FROM aijobs_{unit}rollup WHERE start < %(before)s::timestamptz ORDER BY start LIMIT %(most)s::int
    )) RETURNING id
    """  # noqa: S608  # of constants
    for unit in ("minute", "hour")
)
DELETE_DAYS = """
DELETE FROM aijobs_dayusage WHERE id = ANY (ARRAY(
    SELECT id FROM aijobs_dayusage WHERE day < %(before)s::timestamptz::date ORDER BY day LIMIT %(most)s::int
)) RETURNING id
"""
DELETE_DELIVERIES = """
DELETE FROM aijobs_webhookdelivery WHERE id = ANY (ARRAY(
    SELECT id FROM aijobs_webhookdelivery WHERE id < %(before)s::uuid ORDER BY id LIMIT %(most)s::int
)) RETURNING id
"""
# Those that their tenants deleted, once nothing was sent to them any more for as long as deliveries are kept.
DELETE_WEBHOOKS = """
DELETE FROM aijobs_webhook WHERE id = ANY (ARRAY(
    SELECT id FROM aijobs_webhook webhook WHERE deleted_at < %(before)s::timestamptz AND (
        SELECT true FROM aijobs_webhookdelivery delivery WHERE delivery.webhook_id = webhook.id
        ORDER BY delivery.webhook_id LIMIT 1
    ) IS NULL
    ORDER BY id LIMIT %(most)s::int
)) RETURNING id
"""
DELETE_ORPHANS = """
DELETE FROM aijobs_jobevent_default WHERE ctid = ANY (ARRAY(
    SELECT event.ctid FROM aijobs_jobevent_default event
    -- One look in the primary key each: as an anti-join it may become a hash of all jobs.
    WHERE at < now() - interval '1 day' AND (
        SELECT true FROM aijobs_job WHERE aijobs_job.id = event.job_id ORDER BY id LIMIT 1
    ) IS NULL
    LIMIT %(most)s::int
)) RETURNING id
"""


def _older(statement: LiteralString, kept: timedelta) -> Step:
    rows = sql.execute(statement, {"before": now() - kept, "most": MOST_ROWS})
    return Step(rows, more=rows == MOST_ROWS)


def old_minutes() -> Step:
    """Delete minutes of the rollup."""
    return _older(DELETE_MINUTES, MINUTES_KEPT)


def old_hours() -> Step:
    """Delete hours of the rollup."""
    return _older(DELETE_HOURS, HOURS_KEPT)


def old_days() -> Step:
    """Delete days of what tenants have used."""
    return _older(DELETE_DAYS, HOURS_KEPT)


def old_bulk_actions() -> Step:
    """Delete what is known of actions on many jobs. What they did to each job, the job says."""
    return _older(DELETE_BULK_ACTIONS, timedelta(days=settings.AIJOBS_JOB_DAYS))


def old_deliveries() -> Step:
    """Delete deliveries of webhooks, whatever became of them."""
    before = identifiers.first_id_at(now() - DELIVERIES_KEPT)
    rows = sql.execute(DELETE_DELIVERIES, {"before": before, "most": MOST_ROWS})
    return Step(rows, more=rows == MOST_ROWS)


def old_webhooks() -> Step:
    """Delete webhooks that their tenants have deleted."""
    return _older(DELETE_WEBHOOKS, DELIVERIES_KEPT)


def orphans() -> Step:
    """Delete events of jobs that are gone, of those few that have no week's partition to be dropped with."""
    rows = sql.execute(DELETE_ORPHANS, {"most": MOST_ROWS})
    return Step(rows, more=rows == MOST_ROWS)


old_jobs = InTurn(DELETE_JOBS, lambda: settings.AIJOBS_JOB_DAYS)
old_results = InTurn(DELETE_RESULTS, lambda: settings.AIJOBS_RESULT_DAYS)
old_runs = InTurn(DELETE_RUNS, lambda: settings.AIJOBS_JOB_DAYS)
old_schedules = InTurn(DELETE_SCHEDULES, lambda: settings.AIJOBS_JOB_DAYS)
# A kind of rows each: what a step of it deletes.
KINDS: tuple[Callable[[], Step], ...] = (
    old_jobs,
    old_results,
    old_runs,
    old_schedules,
    old_bulk_actions,
    old_deliveries,
    old_webhooks,
    orphans,
    old_minutes,
    old_hours,
    old_days,
)
