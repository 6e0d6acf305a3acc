"""Which deliveries are sent now: of each job in the order of its log, of each endpoint a few at a time.

A claim lasts longer than any attempt. A worker that is killed holds its deliveries no longer than that, and they are
sent once more.
"""

from dataclasses import dataclass

from aijobs import sql
from aijobs.webhooks.sending import SECONDS, Claimed

# An attempt, and a resolver that takes its time.
CLAIM_SECONDS = 6 * SECONDS
# To one endpoint at a time; and to one that has failed so often in a row.
PER_ENDPOINT = 4
FAILED_IN_A_ROW = 3
# How far to look among what is due for one endpoint: behind what waits for its job's earlier ones, which is put off.
LOOKED_AT = 50
LOCK = 0x41494C


@dataclass(frozen=True, slots=True)
class _Locked:
    alone: bool


def claim(places: int, troubled_places: int) -> list[Claimed]:
    """Take up to `places` deliveries, and of those to endpoints in trouble up to `troubled_places`.

    In the caller's transaction, behind `alone`: so two workers do not count the same ones.
    """
    parameters = {
        "places": places,
        "troubled_places": troubled_places,
        "per_endpoint": PER_ENDPOINT,
        "failed": FAILED_IN_A_ROW,
        "looked_at": LOOKED_AT,
        "claim": CLAIM_SECONDS,
    }
    return sql.rows(Claimed, CLAIM, parameters)


def alone() -> bool:
    """Whether nobody else is recording and claiming now. Until the end of the transaction nobody will be."""
    return sql.rows(_Locked, ALONE, {"lock": LOCK})[0].alone


# Nothing of the transaction is flushed at its commit, beside which every dispatch would wait: what a crash of the
# server takes back is recorded and claimed again, and some of it sent twice, as after a crash of ours.
ALONE = """
WITH settings AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS flush)
SELECT pg_try_advisory_xact_lock(%(lock)s::bigint) AS alone FROM settings WHERE flush = 'off'
"""
# Rows that are known by their ids are asked for by an array of those. For a join, the planner took the index of all
# that are pending, of which there mostly are few, and read it once for each row: with 10,000 behind, a step took
# 3.3 s and not 0.08.
# `looked` reads an index from its beginning, endpoint by endpoint. What is blocked there is due again when the one
# before it is, or has ended: see outcomes.RECORD. Endpoints that are well come first, each with one before any has
# two.
CLAIM = sql.short("""
WITH endpoint AS MATERIALIZED (
    SELECT webhook.id, webhook.slow OR webhook.failures >= %(failed)s::int AS troubled,
        CASE WHEN webhook.failures >= %(failed)s::int THEN 1 ELSE %(per_endpoint)s::int END - (
            SELECT count(*) FROM aijobs_webhookdelivery busy
            WHERE busy.webhook_id = webhook.id AND busy.claimed_until IS NOT NULL AND busy.claimed_until > now()
        ) AS places
    FROM aijobs_webhook webhook JOIN aijobs_tenant tenant ON tenant.id = webhook.tenant_id
    WHERE webhook.deleted_at IS NULL AND webhook.enabled AND webhook.paused_at IS NULL
      AND coalesce(webhook.not_before, now()) <= now() AND tenant.suspended_at IS NULL
), due AS MATERIALIZED (
    SELECT endpoint.id AS webhook_id, endpoint.troubled, endpoint.places, looked.id, looked.due_at, (
        SELECT earlier.due_at FROM aijobs_webhookdelivery earlier
        WHERE earlier.webhook_id = endpoint.id AND earlier.job_id = looked.job_id AND earlier.status = 'pending'
          AND (earlier.seq, earlier.id) < (looked.seq, looked.id)
        ORDER BY earlier.webhook_id, earlier.job_id, earlier.seq, earlier.id LIMIT 1
    ) AS behind
    FROM endpoint CROSS JOIN LATERAL (
        SELECT id, job_id, seq, due_at FROM aijobs_webhookdelivery
        WHERE webhook_id = endpoint.id AND status = 'pending' AND due_at <= now()
        ORDER BY webhook_id, due_at LIMIT CASE WHEN endpoint.places > 0 THEN %(looked_at)s::int ELSE 0 END
    ) looked
), put_off AS (
    UPDATE aijobs_webhookdelivery delivery SET due_at = greatest(due.behind, now() + interval '5 seconds')
    FROM due WHERE delivery.id = ANY (ARRAY(SELECT id FROM due WHERE behind IS NOT NULL))
      AND due.id = delivery.id AND delivery.status || '' = 'pending'
), ready AS (
    SELECT id, troubled, due_at, places, row_number() OVER (PARTITION BY webhook_id ORDER BY due_at, id) AS number
    FROM due WHERE behind IS NULL
), ranked AS (
    SELECT id, troubled, number, due_at, row_number() OVER (PARTITION BY troubled ORDER BY number, due_at) AS rank
    FROM ready WHERE number <= places
), held AS MATERIALIZED (
    SELECT id FROM aijobs_webhookdelivery
    WHERE status || '' = 'pending' AND id = ANY (ARRAY(
        SELECT id FROM ranked WHERE NOT troubled OR rank <= %(troubled_places)s::int
        ORDER BY troubled, number, due_at LIMIT %(places)s::int
    ))
    FOR UPDATE SKIP LOCKED
)
UPDATE aijobs_webhookdelivery delivery SET
    attempts = delivery.attempts + 1, attempted_at = clock_timestamp(), url = webhook.url,
    claimed_until = now() + make_interval(secs => %(claim)s::float),
    due_at = now() + make_interval(secs => %(claim)s::float)
FROM endpoint JOIN aijobs_webhook webhook ON webhook.id = endpoint.id
WHERE delivery.id = ANY (ARRAY(SELECT id FROM held)) AND delivery.status || '' = 'pending'
  AND webhook.id = delivery.webhook_id
RETURNING delivery.id, delivery.attempts AS attempt, delivery.webhook_id, delivery.tenant_id, webhook.url,
    delivery.event_id, delivery.body, webhook.sealed_secrets, coalesce(webhook.previous_until > now(), false) AS both,
    endpoint.troubled
""")
