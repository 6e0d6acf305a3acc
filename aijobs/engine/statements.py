"""The lifecycle's statements. Each is one transition of `states.TRANSITIONS`, with its event, in one round trip.

Notation: parameters are cast, because the server plans each statement once. Whether a row exists is asked by
`SELECT true … ORDER BY … LIMIT 1`: an EXISTS may become a hash of every waiting job of all tenants.
"""

# The capacity's row first: it serialises a tenant's dispatches. It is counted up only where the Idempotency-Key, if
# there is one, was free; where it was not, nothing happens at all, without an error that PostgreSQL would log. The
# counts of released jobs are bounded by the window (a partial index, at most `window` entries); concurrent dispatches
# may overshoot it by their number.
DISPATCH = """
WITH patience AS MATERIALIZED (
    -- Waiting over a second for another dispatch of the same key or tenant is an answer of its own.
    SELECT set_config('lock_timeout', '1s', true) AS bound
), present AS MATERIALIZED (
    -- As it is once it is ours: a row that was waited for is read again, unlike all else in this statement.
    SELECT capacity.tenant_id, capacity.active FROM patience, aijobs_tenantcapacity capacity
    WHERE patience.bound = '1s' AND capacity.tenant_id = %(tenant)s::bigint
      -- A replay locks nothing, so it has nothing to commit.
      AND NOT EXISTS (
          SELECT FROM aijobs_idempotencykey known
          WHERE known.tenant_id = %(tenant)s::bigint AND known.key = %(key)s::text
      )
    FOR NO KEY UPDATE OF capacity
), room_for AS (
    SELECT tenant_id FROM present WHERE active + %(count)s::int <= %(limit)s::int
), key AS (
    INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, answer, created_at)
    SELECT tenant_id, %(key)s::text, %(fingerprint)s::bytea, %(answer)s::text, now()
    FROM room_for WHERE %(key)s::text IS NOT NULL
    ON CONFLICT (tenant_id, key) DO NOTHING
    RETURNING tenant_id
), capacity AS (
    UPDATE aijobs_tenantcapacity counted SET active = counted.active + %(count)s::int
    FROM room_for LEFT JOIN key ON true
    WHERE counted.tenant_id = room_for.tenant_id AND (%(key)s::text IS NULL OR key.tenant_id IS NOT NULL)
    RETURNING counted.tenant_id
), batch AS (
    INSERT INTO aijobs_batch (id, tenant_id, sequential, on_failure, created_at)
    SELECT %(batch)s::uuid, tenant_id, %(sequential)s::boolean, %(on_failure)s::text, %(created_at)s::timestamptz
    FROM capacity WHERE %(batch)s::uuid IS NOT NULL
), wanted AS (
    SELECT id, type, priority, params, ordinal, %(sequential)s::boolean AND ordinal > 1 AS blocked
    FROM ROWS FROM (
        json_to_recordset(%(jobs)s::json) AS (id uuid, type text, priority smallint, params json)
    ) WITH ORDINALITY AS new(id, type, priority, params, ordinal)
), room AS (
    -- None where older jobs wait for theirs: nobody overtakes them.
    SELECT lanes.lane, CASE WHEN (
        SELECT true FROM aijobs_job older
        WHERE older.tenant_id = %(tenant)s::bigint AND older.lane = lanes.lane AND older.status = 'queued'
          AND older.released_at IS NULL AND NOT older.blocked AND older.run_after <= now()
        ORDER BY older.tenant_id, older.lane, older.run_after LIMIT 1
    ) THEN 0 ELSE %(window)s::int - (
        SELECT count(*) FROM (
            SELECT FROM aijobs_job present
            WHERE present.tenant_id = %(tenant)s::bigint AND present.lane = lanes.lane
              AND present.status = 'queued' AND present.released_at IS NOT NULL
            LIMIT %(window)s::int
        ) released
    ) END AS places
    FROM (SELECT DISTINCT priority AS lane FROM wanted) lanes
), placed AS (
    SELECT wanted.*, %(release)s::boolean AND NOT blocked AND places >= count(*) FILTER (WHERE NOT blocked)
        OVER (PARTITION BY priority ORDER BY ordinal) AS release
    FROM wanted JOIN room ON room.lane = wanted.priority
), job AS (
    INSERT INTO aijobs_job (
        id, tenant_id, type, params, created_at, priority, lane, batch_id, position, blocked, status, run_after,
        released_at, releases, event_seq
    )
    SELECT id, tenant_id, type, params, %(created_at)s::timestamptz, priority, priority, %(batch)s::uuid,
        CASE WHEN %(batch)s::uuid IS NOT NULL THEN ordinal END, blocked, 'queued', now(),
        CASE WHEN release THEN now() END, release::int, 1
    FROM capacity CROSS JOIN placed
    RETURNING id, tenant_id, type, lane, position, released_at
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt)
    SELECT id, 1, tenant_id, 'queued', 0 FROM job
)
SELECT id, type, lane, CASE WHEN %(sequential)s::boolean THEN %(batch)s::uuid END AS batch_id, position,
    released_at IS NOT NULL AS released
FROM job ORDER BY position
"""

# After a dispatch that inserted nothing. A tenant that has none gets its row here; then neither holds.
WHY_REFUSED = """
WITH first AS (
    INSERT INTO aijobs_tenantcapacity (tenant_id, active) VALUES (%(tenant)s::bigint, 0) ON CONFLICT DO NOTHING
)
SELECT
    EXISTS (
        SELECT FROM aijobs_idempotencykey WHERE tenant_id = %(tenant)s::bigint AND key = %(key)s::text
    ) AS duplicate,
    EXISTS (
        SELECT FROM aijobs_tenantcapacity
        WHERE tenant_id = %(tenant)s::bigint AND active + %(count)s::int > %(limit)s::int
    ) AS full
"""

# Bounds the waiting for locks in the rest of the transaction.
PATIENCE = "SELECT set_config('lock_timeout', '1s', true) AS bound"

# `refill`: the lane has fallen to half its window while more is due. The counts exclude the job itself: they see
# the moment before the update.
CLAIM = """
WITH claimed AS (
    UPDATE aijobs_job job SET
        status = 'running', attempt = attempt + 1, event_seq = event_seq + 1, worker = %(worker)s::text,
        started_at = now(), processed = 0, total = NULL,
        deadline_at = now() + make_interval(secs => coalesce((%(hard_limits)s::jsonb ->> type)::float, 60)),
        lease_expires_at = now() + make_interval(
            secs => least(%(lease)s::float, (%(hard_limits)s::jsonb ->> type)::float)
        )
    FROM aijobs_tenant tenant
    -- The empty string hides the status from the partial indexes: with statistics from a quiet hour the planner
    -- would rather walk through all released jobs than look up one primary key.
    WHERE job.id = %(id)s::uuid AND status || '' = 'queued' AND NOT blocked AND run_after <= now()
      AND released_at IS NOT NULL AND tenant.id = job.tenant_id AND tenant.suspended_at IS NULL
      -- Of a type that this release does not have: only to fail it, when no other release has taken it for long.
      AND (%(hard_limits)s::jsonb ? type OR job.created_at < now() - make_interval(secs => %(give_up)s::float))
      AND (tenant.max_running IS NULL OR (%(locked)s::boolean AND tenant.max_running > (
          SELECT count(*) FROM aijobs_job running
          WHERE running.tenant_id = job.tenant_id AND running.status = 'running'
      )))
    RETURNING job.*, tenant.release_window, tenant.max_running IS NOT NULL AS limited
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt)
    SELECT id, event_seq, tenant_id, 'started', attempt FROM claimed
)
SELECT claimed.id, type, params::text AS params, claimed.created_at, claimed.tenant_id, attempt, failures, batch_id,
    coalesce(batch.sequential, false) AS sequential, batch.on_failure, position,
    coalesce((
        SELECT true FROM aijobs_job waiting
        WHERE waiting.tenant_id = claimed.tenant_id AND waiting.lane = claimed.lane AND waiting.status = 'queued'
          AND waiting.released_at IS NULL AND NOT waiting.blocked AND waiting.run_after <= now()
        ORDER BY waiting.tenant_id, waiting.lane, waiting.run_after LIMIT 1
    ), false) AND coalesce(release_window, %(window)s::int) / 2 >= (
        SELECT count(*) - 1 FROM aijobs_job released
        WHERE released.tenant_id = claimed.tenant_id AND released.lane = claimed.lane
          AND released.status = 'queued' AND released.released_at IS NOT NULL
    ) AS refill,
    limited
FROM claimed LEFT JOIN aijobs_batch batch ON batch.id = claimed.batch_id
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
WHERE id = %(id)s::uuid AND status = 'queued' AND NOT blocked AND run_after <= now() AND released_at IS NOT NULL
RETURNING id
"""

RENEW = """
UPDATE aijobs_job SET
    lease_expires_at = least(now() + make_interval(secs => %(lease)s::float), deadline_at),
    processed = %(processed)s::int, total = %(total)s::int
WHERE id = %(id)s::uuid AND status = 'running' AND attempt = %(attempt)s::int
RETURNING id
"""

# Who suspends the tenant waits for this transaction, or comes first and is seen: nothing is applied after it.
LOCK_RUN = """
SELECT tenant.suspended_at IS NOT NULL AS suspended
FROM aijobs_job job JOIN aijobs_tenant tenant ON tenant.id = job.tenant_id
WHERE job.id = %(id)s::uuid AND job.status = 'running' AND job.attempt = %(attempt)s::int
FOR UPDATE OF job FOR SHARE OF tenant
"""

LOCK_BATCH = "SELECT id FROM aijobs_batch WHERE id = %(batch)s::uuid FOR UPDATE"

CANCEL_BATCH = """
UPDATE aijobs_batch SET cancelled_at = coalesce(cancelled_at, now()) WHERE id = %(batch)s::uuid RETURNING id
"""

# Without an attempt: from queued. `failures` counts the final failure too; `retry_count` is the ones before it.
END = """
WITH ended AS (
    UPDATE aijobs_job SET
        status = %(status)s::text, event_seq = event_seq + 1, completed_at = now(),
        failures = failures + (%(status)s::text = 'failed')::int,
        result = %(result)s::json, error_code = %(code)s::text, error_message = %(message)s::text,
        cancel_reason = %(reason)s::text, cancelled_by_id = %(caused_by)s::uuid,
        processed = coalesce(%(processed)s::int, processed), total = coalesce(%(total)s::int, total),
        lease_expires_at = NULL, deadline_at = NULL
    WHERE id = ANY(%(ids)s::uuid[]) AND status = %(source)s::text
      AND (%(attempt)s::int IS NULL OR attempt = %(attempt)s::int)
      AND (NOT %(lease_lost)s::boolean OR lease_expires_at <= now())
    RETURNING id, tenant_id, event_seq, attempt
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, %(status)s::text, attempt, nullif(jsonb_strip_nulls(jsonb_build_object(
        'code', nullif(%(code)s::text, ''), 'message', nullif(%(message)s::text, ''),
        'reason', nullif(%(reason)s::text, ''), 'caused_by', %(caused_by)s::uuid
    )), '{}'::jsonb)
    FROM ended
), capacity AS (
    UPDATE aijobs_tenantcapacity SET active = active - freed.jobs
    FROM (SELECT tenant_id, count(*)::int AS jobs FROM ended GROUP BY tenant_id) freed
    WHERE aijobs_tenantcapacity.tenant_id = freed.tenant_id
)
SELECT id FROM ended
"""

# Without a delay: released, for the caller to publish.
REQUEUE = """
WITH requeued AS (
    UPDATE aijobs_job SET
        status = 'queued', event_seq = event_seq + 1, failures = failures + %(failures)s::int,
        run_after = now() + make_interval(secs => coalesce(%(delay)s::float, 0)),
        released_at = CASE WHEN %(delay)s::float IS NULL THEN now() END, releases = (%(delay)s::float IS NULL)::int,
        lease_expires_at = NULL, deadline_at = NULL
    WHERE id = %(id)s::uuid AND status = 'running' AND attempt = %(attempt)s::int
      AND (NOT %(lease_lost)s::boolean OR lease_expires_at <= now())
    RETURNING id, type, lane, batch_id, position, tenant_id, event_seq, attempt
), event AS (
    INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, data)
    SELECT id, event_seq, tenant_id, %(kind)s::text, attempt, %(data)s::jsonb FROM requeued
)
SELECT id, type, lane, CASE WHEN %(sequential)s::boolean THEN batch_id END AS batch_id, position FROM requeued
"""

# The first member that is not over, if it is its turn. It takes over the ended member's place in the window.
UNBLOCK_NEXT = """
UPDATE aijobs_job SET blocked = false, run_after = now(), released_at = now(), releases = 1
WHERE id = (
    SELECT id FROM aijobs_job
    WHERE batch_id = %(batch)s::uuid AND status IN ('queued', 'running') ORDER BY position LIMIT 1
) AND status = 'queued' AND blocked
RETURNING id, type, lane, batch_id, position
"""

_HELD = """
SELECT job.id, type, '' AS params, job.created_at, job.tenant_id, attempt, failures, batch_id,
    coalesce(batch.sequential, false) AS sequential, batch.on_failure, position, false AS refill, false AS limited
FROM aijobs_job job LEFT JOIN aijobs_batch batch ON batch.id = job.batch_id
WHERE job.status = 'running'
"""

HELD_BY = _HELD + " AND worker = %(worker)s::text ORDER BY job.id"

# Bounded, so that one sweep stays short; the next one takes the rest.
EXPIRED = _HELD + " AND lease_expires_at <= now() ORDER BY job.id LIMIT 500"
