"""What the front page asks the database for: three statements, none of which reads more where more jobs are stored.

What is active is found lane by lane from its bound, as the engine finds it; what has ended is in the rollups.
"""

from collections.abc import Sequence
from typing import LiteralString

from aijobs.engine.figures import summed

_LANES = "(VALUES (0), (1), (2)) AS lanes(number)"
_BOUND = "LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = busy.id AND bound.lane = lanes.number"
# Where the statement of each request has the subqueries of `watching`.
_WATCHED = "/* watched */"

# `oldest` leaves out who has to wait: suspended tenants, and those with as many running jobs as they may have.
# Params are read of few jobs, and only of those that are short: they are there for a name.
_LIVE = f"""
WITH busy AS MATERIALIZED (
    SELECT tenant.id, tenant.name, tenant.suspended_at IS NOT NULL AS suspended, tenant.max_running,
        coalesce(tenant.queue_limit, %(queue_limit)s::int) AS queue_limit, capacity.active
    FROM aijobs_tenantcapacity capacity JOIN aijobs_tenant tenant ON tenant.id = capacity.tenant_id
    WHERE capacity.active > 0
), held AS MATERIALIZED (
    SELECT busy.id AS tenant_id, job.worker, job.type, job.id
    FROM busy CROSS JOIN {_LANES} {_BOUND} CROSS JOIN LATERAL (
        SELECT running.worker, running.type, running.id FROM aijobs_job running
        WHERE running.tenant_id = busy.id AND running.lane = lanes.number AND running.status = 'running'
          AND running.started_at >= coalesce(bound.started_from, '-infinity')
        -- So that each lane is looked at from its bound, and not all of them as one list.
        OFFSET 0
    ) job
), tenants AS MATERIALIZED (
    SELECT busy.*, coalesce(counted.running, 0) AS running
    FROM busy LEFT JOIN (SELECT tenant_id, count(*) AS running FROM held GROUP BY tenant_id) counted
        ON counted.tenant_id = busy.id
), oldest AS (
    SELECT lanes.number AS lane, min(due.run_after) AS since
    FROM tenants busy CROSS JOIN {_LANES} {_BOUND} CROSS JOIN LATERAL (
        (
            SELECT waiting.run_after FROM aijobs_job waiting
            WHERE waiting.tenant_id = busy.id AND waiting.lane = lanes.number AND waiting.status = 'queued'
              AND waiting.released_at IS NULL AND NOT waiting.blocked
              AND waiting.run_after BETWEEN coalesce(bound.due_from, '-infinity') AND now()
            ORDER BY waiting.tenant_id, waiting.lane, waiting.run_after LIMIT 1
        ) UNION ALL (
            SELECT released.run_after FROM aijobs_job released
            WHERE released.tenant_id = busy.id AND released.lane = lanes.number AND released.status = 'queued'
              AND released.released_at IS NOT NULL
              AND released.run_after BETWEEN coalesce(bound.due_from, '-infinity') AND now()
            ORDER BY released.tenant_id, released.lane, released.run_after LIMIT 1
        )
    ) due
    WHERE NOT busy.suspended AND (busy.max_running IS NULL OR busy.running < busy.max_running)
    GROUP BY lanes.number
), shown AS (
    SELECT name, active, running, queue_limit, max_running, suspended,
        active >= queue_limit OR coalesce(running >= max_running, false) OR suspended AS limited
    FROM tenants ORDER BY limited DESC, active DESC, name LIMIT 30
), processes AS (
    SELECT worker.*, worker.seen_at > now() - make_interval(secs => %(silent)s::float) AS alive,
        (SELECT count(*) FROM held WHERE held.worker = worker.id) AS holds,
        (SELECT json_agg(few) FROM (
            SELECT held.id, held.type FROM held WHERE held.worker = worker.id ORDER BY held.id LIMIT 4
        ) few) AS held
    FROM aijobs_worker worker
    -- Those of jobs first, then by what else they take; beat, which takes nothing, is the last.
    ORDER BY alive DESC, cardinality(worker.queues) DESC, worker.name, worker.id LIMIT 50
), refused AS MATERIALIZED (
    SELECT failed.error_code AS code, failed.completed_at,
        CASE WHEN pg_column_size(failed.params) <= 4096 THEN failed.params ->> 'marketplace' END AS marketplace
    FROM aijobs_job failed
    WHERE failed.status = 'failed' AND failed.id >= %(failed_from)s::uuid
    ORDER BY failed.id DESC LIMIT %(failed)s::int
)
SELECT now() AS now,
    (SELECT to_json(measured) FROM (
        SELECT refreshed_at, depths FROM aijobs_queuestatistics ORDER BY id LIMIT 1
    ) measured)::text AS measured,
    (
        SELECT at FROM aijobs_jobevent
        WHERE kind IN ('cancelled', 'completed', 'failed')
          AND transaction >= (SELECT below FROM aijobs_rollupcursor WHERE id = 1)
        ORDER BY transaction LIMIT 1
    ) AS uncounted_since,
    coalesce((SELECT json_object_agg(lane, since) FROM oldest), '{{}}')::text AS oldest,
    coalesce((SELECT json_agg(shown) FROM shown), '[]')::text AS tenants,
    (SELECT count(*) FROM held) AS running,
    coalesce((SELECT json_agg(processes) FROM processes), '[]')::text AS workers,
    (SELECT max(seen_at) FROM aijobs_worker WHERE starts_with(name, %(events)s::text)) AS events_seen_at,
    coalesce((SELECT json_agg(places) FROM (
        SELECT code, marketplace, count(*) AS count FROM refused
        WHERE marketplace IS NOT NULL AND completed_at > now() - interval '1 hour' GROUP BY code, marketplace
    ) places), '[]')::text AS marketplaces,
    EXISTS (SELECT FROM aijobs_tenantcapacity) AS used,
    coalesce((SELECT json_agg(schedules) FROM (
        SELECT schedule.id, schedule.name, tenant.name AS tenant, schedule.next_due_at AS due_at, schedule.held
        FROM aijobs_schedule schedule JOIN aijobs_tenant tenant ON tenant.id = schedule.tenant_id
        WHERE schedule.wake_at IS NOT NULL ORDER BY schedule.wake_at, schedule.id LIMIT 10
    ) schedules), '[]')::text AS upcoming,
    coalesce((SELECT json_agg(schedules) FROM (
        SELECT schedule.id, schedule.name, tenant.name AS tenant, schedule.pause_reason AS reason
        FROM aijobs_schedule schedule JOIN aijobs_tenant tenant ON tenant.id = schedule.tenant_id
        WHERE schedule.paused_by = 'service' AND schedule.deleted_at IS NULL
        ORDER BY schedule.paused_at DESC LIMIT 10
    ) schedules), '[]')::text AS paused,
    coalesce((SELECT json_agg(runs) FROM (
        SELECT schedule.id, schedule.name, tenant.name AS tenant, run.due_at, run.outcome, run.detail
        FROM (SELECT * FROM aijobs_schedulerun ORDER BY id DESC LIMIT %(runs)s::int) run
        JOIN aijobs_schedule schedule ON schedule.id = run.schedule_id
        JOIN aijobs_tenant tenant ON tenant.id = schedule.tenant_id
        WHERE run.outcome IN ('missed', 'failed') AND run.created_at > now() - interval '1 day'
        ORDER BY run.id DESC LIMIT 5
    ) runs), '[]')::text AS unmet,
    json_build_object({_WATCHED})::text AS watched
"""  # noqa: S608  # of constants


def live(watches: Sequence[tuple[str, LiteralString]]) -> LiteralString:
    """The live rows, and the numbers that other apps have watched, by their names."""
    watched = ", ".join(f"'{name}', ({count})" for name, count in watches)
    return _LIVE.replace(_WATCHED, watched)


_BUCKETS = f"""
(SELECT coalesce(json_agg(times), '[]') FROM (
    SELECT type, {summed("waiting")} AS waiting, {summed("running")} AS running
    FROM rolled WHERE "end" <> 'cancelled' GROUP BY type
) times)::text
"""  # noqa: S608  # of constants
_ENDS = """
(SELECT coalesce(json_agg(ends), '[]') FROM (
    SELECT type, sum(count) AS ended, coalesce(sum(count) FILTER (WHERE "end" = 'failed'), 0) AS failed
    FROM rolled WHERE "end" <> 'cancelled' AND start >= {since}::timestamptz GROUP BY type
) ends)::text
"""

# The last hour by the minute, and what failed in the 24 full hours before it.
RECENT = f"""
WITH rolled AS MATERIALIZED (
    SELECT start, type, lane, "end", error_code, count, waiting, running FROM aijobs_minuterollup
    -- The end is there for the planner, which without one expects a third of the table.
    WHERE start >= %(hour)s::timestamptz AND start < %(hour)s::timestamptz + interval '2 hours'
)
SELECT
    coalesce((SELECT json_agg(minutes) FROM (
        SELECT extract(epoch FROM start)::bigint AS start, "end", sum(count) AS count
        FROM rolled GROUP BY start, "end"
    ) minutes), '[]')::text AS minutes,
    coalesce((SELECT json_object_agg(lane, count) FROM (
        SELECT lane, sum(count) AS count FROM rolled
        WHERE start >= %(drained_from)s::timestamptz AND "end" <> 'cancelled' GROUP BY lane
    ) drained), '{{}}')::text AS drained,
    {_ENDS.format(since="%(hour)s")} AS ended,
    {_ENDS.format(since="%(failing_from)s")} AS failing,
    coalesce((SELECT json_object_agg(error_code, count) FROM (
        SELECT error_code, sum(count) AS count FROM rolled WHERE "end" = 'failed' GROUP BY error_code
    ) failed), '{{}}')::text AS failed,
    coalesce((SELECT json_object_agg(error_code, count) FROM (
        SELECT error_code, sum(count) AS count FROM aijobs_hourrollup
        WHERE start >= %(day)s::timestamptz AND start < %(day)s::timestamptz + interval '24 hours'
          AND "end" = 'failed'
        GROUP BY error_code
    ) failed_before), '{{}}')::text AS failed_before,
    {_BUCKETS} AS buckets
"""  # noqa: S608  # of constants

# The seven days before the last hour.
WEEK = f"""
WITH rolled AS MATERIALIZED (
    SELECT start, type, "end", count, waiting, running FROM aijobs_hourrollup
    WHERE start >= %(week)s::timestamptz AND start < %(week)s::timestamptz + interval '7 days'
)
SELECT {_ENDS.format(since="%(week)s")} AS ended, {_BUCKETS} AS buckets
"""  # noqa: S608  # of constants
