"""The lifecycle's statements. Each is one transition of `states.TRANSITIONS`, with its event, in one round trip.

Notation: parameters are cast, because the server plans each statement once. Whether a row exists is asked by
`SELECT true … ORDER BY … LIMIT 1`: an EXISTS may become a hash of every waiting job of all tenants. `status || ''`
hides the status from the partial indexes: with statistics from a quiet hour the planner would rather walk through
all released or running jobs than look up one primary key.
"""

from aijobs.sql import short

# The tenant's capacity row. While another client holds a transaction open, no version of a row that is updated with
# every job can be cleared away, and each look for the present one would walk past all the others. So one update in 64
# gives the row a larger id, and a look begins at the largest id that is visible to it. The present version, which the
# update waits for, has that id or a larger one: the count stays exact.
CAPACITY_ID = """
CASE WHEN random() < 1 / 64. THEN nextval('aijobs_tenantcapacity_id_seq') ELSE present.id END
"""
CAPACITY_FROM = """
SELECT latest.id FROM aijobs_tenantcapacity latest WHERE latest.tenant_id = {tenant}
ORDER BY latest.tenant_id DESC, latest.id DESC LIMIT 1
"""

# Of the tenant of the parameters, as `present`.
PRESENT_CAPACITY = f"""
present.tenant_id = %(tenant)s::bigint AND present.id >= ({CAPACITY_FROM.format(tenant="%(tenant)s::bigint")})
"""

# Two statements, in a transaction: the second one sees the row of whoever held the lock before.
LOCK_TENANT = "SELECT id FROM aijobs_tenant WHERE id = %(tenant)s::bigint FOR NO KEY UPDATE"
CREATE_CAPACITY = """
INSERT INTO aijobs_tenantcapacity (tenant_id)
SELECT %(tenant)s::bigint WHERE NOT EXISTS (SELECT FROM aijobs_tenantcapacity WHERE tenant_id = %(tenant)s::bigint)
RETURNING id
"""

# The capacity's row first: it serialises a tenant's dispatches. It is counted up only where the Idempotency-Key, if
# there is one, was free; where it was not, nothing happens at all, without an error that PostgreSQL would log. The
# counts of released jobs are bounded by the window (a partial index, at most `window` entries); concurrent dispatches
# may overshoot it by their number.
DISPATCH = short(f"""
WITH patience AS MATERIALIZED (
    -- Waiting over a second for another dispatch of the same key or tenant is an answer of its own.
    SELECT set_config('lock_timeout', '1s', true) AS bound
), held AS MATERIALIZED (
    -- As it is once it is ours: a row that was waited for is read again, unlike all else in this statement.
    SELECT present.tenant_id, present.active FROM patience, aijobs_tenantcapacity present
    WHERE patience.bound = '1s' AND {PRESENT_CAPACITY}
      -- A replay locks nothing, so it has nothing to commit.
      AND NOT EXISTS (
          SELECT FROM aijobs_idempotencykey WHERE tenant_id = %(tenant)s::bigint AND key = %(key)s::text
      )
    FOR NO KEY UPDATE OF present
), room_for AS (
    SELECT tenant_id FROM held WHERE active + %(count)s::int <= %(limit)s::int
), key AS (
    INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, answer, created_at)
    SELECT tenant_id, %(key)s::text, %(fingerprint)s::bytea, %(answer)s::text, now()
    FROM room_for WHERE %(key)s::text IS NOT NULL
    ON CONFLICT (tenant_id, key) DO NOTHING
    RETURNING tenant_id
), capacity AS (
    UPDATE aijobs_tenantcapacity present SET active = present.active + %(count)s::int, id = {CAPACITY_ID}
    FROM room_for LEFT JOIN key ON true
    WHERE {PRESENT_CAPACITY} AND (%(key)s::text IS NULL OR key.tenant_id IS NOT NULL)
    RETURNING present.tenant_id
), batch AS (
    INSERT INTO aijobs_batch (id, tenant_id, sequential, on_failure, created_at, retry_of_id)
    SELECT %(batch)s::uuid, tenant_id, %(sequential)s::boolean, %(on_failure)s::text, %(created_at)s::timestamptz,
        %(batch_retry_of)s::uuid
    FROM capacity WHERE %(batch)s::uuid IS NOT NULL
), wanted AS (
    -- With all columns of a job: those that are not sent are null.
    SELECT *, blocked OR coalesce(run_at > now(), false) AS waits
    FROM json_populate_recordset(NULL::aijobs_job, %(jobs)s::json) WITH ORDINALITY
), room AS (
    -- None where older jobs wait for theirs: nobody overtakes them.
    SELECT lanes.lane, CASE WHEN (
        SELECT true FROM aijobs_job
        WHERE tenant_id = %(tenant)s::bigint AND lane = lanes.lane AND status = 'queued'
          AND released_at IS NULL AND NOT blocked AND run_after BETWEEN due_from AND now()
        ORDER BY tenant_id, lane, run_after LIMIT 1
    ) THEN 0 ELSE %(window)s::int - (
        SELECT count(*) FROM (
            SELECT FROM aijobs_job
            WHERE tenant_id = %(tenant)s::bigint AND lane = lanes.lane AND status = 'queued'
              AND released_at IS NOT NULL AND run_after >= due_from
            LIMIT %(window)s::int
        ) released
    ) END AS places
    FROM (
        SELECT wanted.lane, coalesce(bound.due_from, '-infinity') AS due_from
        FROM (SELECT DISTINCT priority AS lane FROM wanted) wanted
        LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = %(tenant)s::bigint AND bound.lane = wanted.lane
    ) lanes
), placed AS (
    SELECT wanted.*, %(release)s::boolean AND NOT waits AND places >= count(*) FILTER (WHERE NOT waits)
        OVER (PARTITION BY priority ORDER BY ordinality) AS release
    FROM wanted JOIN room ON room.lane = wanted.priority
), job AS (
    INSERT INTO aijobs_job (
        id, tenant_id, type, params, subjects, tags, metadata, created_at, request_id, idempotency_key, api_key_id,
        retry_of_id, priority, lane, batch_id, position, depends_on, blocked, status, run_at, expires_at, run_after,
        released_at, releases, event_seq, schedule_id
    )
    SELECT id, capacity.tenant_id, type, params, subjects, coalesce(tags, '{{}}'), metadata,
        %(created_at)s::timestamptz, %(request_id)s::text, coalesce(%(key)s::text, ''), %(api_key)s::bigint,
        retry_of_id, priority, priority, %(batch)s::uuid, position, depends_on, blocked, 'queued', run_at,
        expires_at, greatest(now(), run_at), CASE WHEN release THEN now() END, release::int, 1, %(schedule)s::uuid
    FROM capacity CROSS JOIN placed
    RETURNING id, tenant_id, type, lane, position, released_at
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt)
    SELECT id, 1, tenant_id, 'queued', 0 FROM job
)
SELECT id, type, lane, CASE WHEN %(sequential)s::boolean THEN %(batch)s::uuid END AS batch_id, position,
    released_at IS NOT NULL AS released
FROM job ORDER BY position
""")

# After a dispatch that inserted nothing. Where none of these holds, the next try may be luckier.
WHY_REFUSED = f"""
SELECT
    EXISTS (
        SELECT FROM aijobs_idempotencykey WHERE tenant_id = %(tenant)s::bigint AND key = %(key)s::text
    ) AS duplicate,
    NOT EXISTS (SELECT FROM aijobs_tenantcapacity WHERE tenant_id = %(tenant)s::bigint) AS uncounted,
    coalesce((SELECT active FROM aijobs_tenantcapacity present WHERE {PRESENT_CAPACITY}), 0) AS active
"""

# Bounds the waiting for locks in the rest of the transaction.
PATIENCE = "SELECT set_config('lock_timeout', %(wait)s::text, true) AS bound"
# And what each of its statements takes.
PATIENCE_OF_ALL = """
SELECT set_config('lock_timeout', %(wait)s::text, true) AS bound,
    set_config('statement_timeout', %(wait)s::text, true) AS whole
"""

# How many jobs of `tenant` are running. Counted lane by lane, so that each count begins at its bound.
RUNNING = """
SELECT coalesce(sum(running.jobs), 0) FROM (VALUES (0), (1), (2)) AS lanes(number)
LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = tenant.id AND bound.lane = lanes.number
CROSS JOIN LATERAL (
    SELECT count(*) AS jobs FROM aijobs_job running
    WHERE running.tenant_id = tenant.id AND running.lane = lanes.number AND running.status = 'running'
      AND running.started_at >= coalesce(bound.started_from, '-infinity')
) running
"""

# `refill`: the lane has fallen to half its window while more is due. The counts exclude the job itself: they see
# the moment before the update.
CLAIM = f"""
WITH claimed AS (
    UPDATE aijobs_job job SET
        status = 'running', attempt = attempt + 1, event_seq = event_seq + 1, worker = %(worker)s::text,
        started_at = now(),
        deadline_at = now() + make_interval(secs => coalesce((%(hard_limits)s::jsonb ->> type)::float, 60)),
        lease_expires_at = now() + make_interval(
            secs => least(%(lease)s::float, (%(hard_limits)s::jsonb ->> type)::float)
        )
    FROM aijobs_tenant tenant
    WHERE job.id = %(id)s::uuid AND status || '' = 'queued' AND NOT blocked AND run_after <= now()
      AND released_at IS NOT NULL AND tenant.id = job.tenant_id AND tenant.suspended_at IS NULL
      -- The sweeper may be late.
      AND (expires_at > now() OR expires_at IS NULL OR attempt > 0)
      -- Of a type that this release does not have: only to fail it, when no other release has taken it for long.
      AND (%(hard_limits)s::jsonb ? type OR job.created_at < now() - make_interval(secs => %(give_up)s::float))
      AND (tenant.max_running IS NULL OR (%(locked)s::boolean AND tenant.max_running > ({RUNNING})))
    RETURNING job.*, tenant.release_window, tenant.max_running IS NOT NULL AS limited
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt)
    SELECT id, event_seq, tenant_id, 'started', attempt FROM claimed
)
SELECT claimed.id, type, params::text AS params, claimed.created_at, claimed.tenant_id, claimed.lane, attempt,
    failures, processed, total, batch_id, coalesce(batch.sequential, false) AS sequential,
    depends_on IS NOT NULL AS graph, batch.on_failure, position,
    coalesce((
        SELECT true FROM aijobs_job waiting
        WHERE waiting.tenant_id = claimed.tenant_id AND waiting.lane = claimed.lane AND waiting.status = 'queued'
          AND waiting.released_at IS NULL AND NOT waiting.blocked
          AND waiting.run_after BETWEEN coalesce(bound.due_from, '-infinity') AND now()
        ORDER BY waiting.tenant_id, waiting.lane, waiting.run_after LIMIT 1
    ), false) AND coalesce(release_window, %(window)s::int) / 2 >= (
        SELECT count(*) - 1 FROM aijobs_job released
        WHERE released.tenant_id = claimed.tenant_id AND released.lane = claimed.lane
          AND released.status = 'queued' AND released.released_at IS NOT NULL
          AND released.run_after >= coalesce(bound.due_from, '-infinity')
    ) AS refill,
    limited
FROM claimed LEFT JOIN aijobs_batch batch ON batch.id = claimed.batch_id
LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = claimed.tenant_id AND bound.lane = claimed.lane
"""

# A statement of its own, before a claim that counts the running jobs: two claims at once would count the same ones.
LOCK_LIMITED = """
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '1s', true) AS bound)
SELECT pg_advisory_xact_lock(%(space)s::int, tenant.id::int)::text AS locked
FROM patience, aijobs_job job JOIN aijobs_tenant tenant ON tenant.id = job.tenant_id
WHERE bound = '1s' AND job.id = %(id)s::uuid AND job.status = 'queued' AND tenant.max_running IS NOT NULL
"""

# One of a type that this release does not have waits for a worker of another release: the known ones go on.
UNRELEASE = """
UPDATE aijobs_job SET
    released_at = NULL, releases = greatest(releases - 1, 0),
    run_after = CASE WHEN %(hard_limits)s::jsonb ? type THEN run_after
        ELSE now() + make_interval(secs => %(delay)s::float) END
WHERE id = %(id)s::uuid AND status || '' = 'queued' AND NOT blocked AND run_after <= now()
  AND released_at IS NOT NULL
RETURNING id
"""

RENEW = """
UPDATE aijobs_job SET
    lease_expires_at = least(now() + make_interval(secs => %(lease)s::float), deadline_at),
    processed = %(processed)s::int, total = %(total)s::int
WHERE id = %(id)s::uuid AND status || '' = 'running' AND attempt = %(attempt)s::int
RETURNING cancel_requested_at IS NOT NULL AS cancel_requested
"""

# Who suspends the tenant, or asks the job to stop, waits for this transaction, or comes first and is seen: nothing is
# applied after it.
LOCK_RUN = """
SELECT tenant.suspended_at IS NOT NULL AS suspended, cancel_requested_at IS NOT NULL AS cancel_requested
FROM aijobs_job job JOIN aijobs_tenant tenant ON tenant.id = job.tenant_id
WHERE job.id = %(id)s::uuid AND job.status || '' = 'running' AND job.attempt = %(attempt)s::int
FOR UPDATE OF job FOR SHARE OF tenant
"""

LOCK_BATCH = "SELECT id FROM aijobs_batch WHERE id = %(batch)s::uuid FOR UPDATE"

CANCEL_BATCH = """
UPDATE aijobs_batch SET cancelled_at = coalesce(cancelled_at, now())
WHERE id = %(batch)s::uuid AND tenant_id = %(tenant)s::bigint RETURNING id
"""

# A running job is to stop. Until it has, it is as it was.
REQUEST_CANCEL = """
WITH asked AS (
    UPDATE aijobs_job SET cancel_requested_at = now(), event_seq = event_seq + 1
    WHERE id = %(id)s::uuid AND tenant_id = %(tenant)s::bigint AND status || '' = 'running'
      AND cancel_requested_at IS NULL
    RETURNING id, tenant_id, event_seq, attempt
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, 'cancel_requested', attempt, jsonb_build_object('by', %(by)s::text) FROM asked
)
SELECT id FROM asked
"""

# The same for several. Also those that were asked to stop before: they stop, too.
REQUEST_CANCEL_OF_ALL = """
WITH running AS (
    SELECT id, cancel_requested_at FROM aijobs_job
    WHERE id = ANY(%(ids)s::uuid[]) AND tenant_id = %(tenant)s::bigint AND status || '' = 'running'
    ORDER BY id
    FOR NO KEY UPDATE
), asked AS (
    UPDATE aijobs_job job SET cancel_requested_at = now(), event_seq = event_seq + 1
    FROM running WHERE job.id = running.id AND running.cancel_requested_at IS NULL
    RETURNING job.id, job.tenant_id, job.event_seq, job.attempt
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, 'cancel_requested', attempt, jsonb_build_object('by', %(by)s::text) FROM asked
)
SELECT id FROM running
"""

LOCK_JOBS = """
SELECT id FROM aijobs_job WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""

# `failures` counts the final failure too; `retry_count` is the ones before it.
END_ALL = f"""
WITH ended AS (
    UPDATE aijobs_job SET
        status = %(status)s::text, event_seq = event_seq + 1, completed_at = now(),
        failures = failures + (%(status)s::text = 'failed')::int,
        result = %(result)s::json, cost = %(cost)s::numeric,
        error_code = %(code)s::text, error_message = %(message)s::text,
        cancel_reason = %(reason)s::text, cancelled_by_id = %(caused_by)s::uuid,
        processed = coalesce(%(processed)s::int, processed), total = coalesce(%(total)s::int, total),
        lease_expires_at = NULL, deadline_at = NULL
    WHERE id = ANY(%(ids)s::uuid[]) AND status || '' = %(source)s::text
      AND (%(attempt)s::int IS NULL OR attempt = %(attempt)s::int)
      AND (NOT %(lease_lost)s::boolean OR lease_expires_at <= now())
      AND (NOT %(requested)s::boolean OR cancel_requested_at IS NOT NULL)
    RETURNING id, tenant_id, event_seq, attempt
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, %(status)s::text, attempt, nullif(jsonb_strip_nulls(jsonb_build_object(
        'code', nullif(%(code)s::text, ''), 'message', nullif(%(message)s::text, ''),
        'reason', nullif(%(reason)s::text, ''), 'caused_by', %(caused_by)s::uuid
    )), '{{}}'::jsonb)
    FROM ended
), capacity AS (
    -- All of one tenant.
    UPDATE aijobs_tenantcapacity present SET active = active - (SELECT count(*)::int FROM ended), id = {CAPACITY_ID}
    WHERE present.tenant_id = (SELECT tenant_id FROM ended LIMIT 1)
      AND present.id >= ({CAPACITY_FROM.format(tenant="(SELECT tenant_id FROM ended LIMIT 1)")})
)
SELECT id FROM ended
"""
# The same for one, as nearly all of them end. Of an array the server expects ten ids; where the table was almost
# empty when it planned, it then reads all of it for each job: with 5,000 jobs half of what they took of its time.
END = END_ALL.replace("id = ANY(%(ids)s::uuid[])", "id = %(id)s::uuid")

# Without a delay: released, for the caller to publish. One that was asked to stop is not tried again.
REQUEUE = """
WITH requeued AS (
    UPDATE aijobs_job SET
        status = 'queued', event_seq = event_seq + 1, failures = failures + %(failures)s::int,
        run_after = now() + make_interval(secs => coalesce(%(delay)s::float, 0)),
        backoff_until = now() + make_interval(secs => %(delay)s::float),
        released_at = CASE WHEN %(delay)s::float IS NULL THEN now() END, releases = (%(delay)s::float IS NULL)::int,
        lease_expires_at = NULL, deadline_at = NULL
    WHERE id = %(id)s::uuid AND status || '' = 'running' AND attempt = %(attempt)s::int
      AND (NOT %(lease_lost)s::boolean OR lease_expires_at <= now()) AND cancel_requested_at IS NULL
    RETURNING id, type, lane, batch_id, position, tenant_id, event_seq, attempt
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, %(kind)s::text, attempt, %(data)s::jsonb FROM requeued
)
SELECT id, type, lane, CASE WHEN %(sequential)s::boolean THEN batch_id END AS batch_id, position FROM requeued
"""

# The first member that is not over, if it is its turn. It takes over the ended member's place in the window; or waits
# for its moment, and then for a place as others do.
UNBLOCK_NEXT = """
WITH next AS (
    UPDATE aijobs_job SET
        blocked = false, run_after = greatest(now(), run_at), releases = (run_at > now() IS NOT TRUE)::int,
        released_at = CASE WHEN run_at > now() IS NOT TRUE THEN now() END
    WHERE id = (
        SELECT id FROM aijobs_job
        WHERE batch_id = %(batch)s::uuid AND status IN ('queued', 'running') ORDER BY position LIMIT 1
    ) AND status = 'queued' AND blocked
    RETURNING id, type, lane, batch_id, position, released_at
)
SELECT id, type, lane, batch_id, position FROM next WHERE released_at IS NOT NULL
"""

# In the order of ids, as everybody locks jobs. They wait for their places in the window like any job.
UNBLOCK = """
WITH freed AS (
    SELECT id FROM aijobs_job WHERE id = ANY(%(ids)s::uuid[]) AND status || '' = 'queued' AND blocked
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE aijobs_job job SET blocked = false, run_after = greatest(now(), job.run_at) FROM freed WHERE job.id = freed.id
RETURNING job.id
"""

_HELD = """
SELECT job.id, type, '' AS params, job.created_at, job.tenant_id, lane, attempt, failures, processed, total, batch_id,
    coalesce(batch.sequential, false) AS sequential, depends_on IS NOT NULL AS graph, batch.on_failure, position,
    false AS refill, false AS limited
FROM aijobs_job job LEFT JOIN aijobs_batch batch ON batch.id = job.batch_id
WHERE job.status = 'running'
"""

HELD_BY = _HELD + " AND worker = %(worker)s::text ORDER BY job.id"

# Bounded, so that one sweep stays short; the next one takes the rest.
EXPIRED = _HELD + " AND lease_expires_at <= now() ORDER BY job.id LIMIT 500"

# Nobody has started these in time. Bounded as well; by the index that has only them.
UNSTARTED = """
SELECT job.id, job.tenant_id, CASE WHEN batch.sequential OR job.depends_on IS NOT NULL THEN batch.id END AS batch_id
FROM aijobs_job job LEFT JOIN aijobs_batch batch ON batch.id = job.batch_id
WHERE job.status = 'queued' AND job.attempt = 0 AND job.expires_at <= now() ORDER BY job.expires_at LIMIT 500
"""
