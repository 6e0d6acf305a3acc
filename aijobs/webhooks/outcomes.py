"""What came of attempts: a delivery is over, or due again; and what that says of its endpoint."""

from collections.abc import Sequence

import orjson

from aijobs import sql
from aijobs.webhooks.sending import SECONDS, Outcome

# An endpoint that took nothing for so long, in so many attempts, is paused.
FAILING_SECONDS = 86_400.0
FAILING_ATTEMPTS = 20
# What takes longer than this is slow.
SLOW_SECONDS = SECONDS / 5
# How long an endpoint can keep everything back by a Retry-After. The delivery itself waits as it asks, up to a day.
LONGEST_PAUSE_SECONDS = 3_600.0


def record(outcomes: Sequence[Outcome]) -> None:
    """Write all of them down at once. One whose claim is over, and was taken by somebody else, says nothing."""
    if not outcomes:
        return
    sql.execute(
        RECORD,
        {
            "outcomes": orjson.dumps(list(outcomes)).decode(),
            "slow": SLOW_SECONDS,
            "failing": FAILING_SECONDS,
            "attempts": FAILING_ATTEMPTS,
            "longest": LONGEST_PAUSE_SECONDS,
        },
    )


# `follower`: the next one of the job, which waited. What a webhook's former address has answered says nothing of the
# present one. An endpoint that stays well is written to now and then only. Rows are asked for by arrays of their ids,
# see claiming.CLAIM. Not flushed at the commit: what a crash of the server takes back is sent once more.
RECORD = sql.short(f"""
WITH settings AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS flush
), outcome AS MATERIALIZED (
    SELECT told.* FROM settings, json_to_recordset(%(outcomes)s::json) AS told (
        id uuid, attempt int, delivered boolean, gone boolean, pause float, asked float, status int, type text,
        body text, code text, message text, seconds float
    ) WHERE settings.flush = 'off'
), ended AS (
    UPDATE aijobs_webhookdelivery delivery SET
        status = CASE WHEN delivered THEN 'delivered' WHEN outcome.pause IS NULL THEN 'failed' ELSE 'pending' END,
        claimed_until = NULL, due_at = now() + make_interval(secs => coalesce(outcome.pause, 0)),
        ended_at = CASE WHEN outcome.pause IS NULL THEN now() END, response_status = outcome.status,
        response_type = outcome.type, response_body = outcome.body, error_code = outcome.code,
        error_message = outcome.message, seconds = outcome.seconds,
        log = log || jsonb_build_array(jsonb_build_object(
            'at', to_char(attempted_at AT TIME ZONE 'UTC', {sql.TIMESTAMP}),
            'status', outcome.status, 'error', nullif(outcome.code, ''), 'seconds', outcome.seconds
        ))
    FROM outcome
    WHERE delivery.id = ANY (ARRAY(SELECT id FROM outcome)) AND outcome.id = delivery.id
      AND delivery.attempts = outcome.attempt AND delivery.status || '' = 'pending'
    RETURNING delivery.id, delivery.webhook_id, delivery.job_id, delivery.seq, delivery.status, outcome.delivered,
        delivery.url, outcome.gone, outcome.asked, outcome.message, outcome.seconds
), follower AS (
    UPDATE aijobs_webhookdelivery next SET due_at = now()
    WHERE next.id = ANY (ARRAY(
        SELECT first.id FROM ended CROSS JOIN LATERAL (
            SELECT id FROM aijobs_webhookdelivery
            WHERE webhook_id = ended.webhook_id AND job_id = ended.job_id AND status = 'pending'
              AND (seq, id) > (ended.seq, ended.id)
            ORDER BY webhook_id, job_id, seq, id LIMIT 1
        ) first
        WHERE ended.status <> 'pending'
    )) AND next.status || '' = 'pending' AND next.claimed_until IS NULL AND next.due_at > now()
), said AS (
    SELECT webhook_id, bool_or(delivered) AS well, count(*) FILTER (WHERE NOT delivered) AS failed,
        bool_or(gone) AS gone, max(asked) AS asked, max(message) AS message, max(seconds) > %(slow)s::float AS slow
    FROM ended JOIN aijobs_webhook present ON present.id = ended.webhook_id AND present.url = ended.url
    GROUP BY webhook_id
)
UPDATE aijobs_webhook webhook SET
    failures = CASE WHEN well THEN 0 ELSE failures + failed END,
    failing_since = CASE WHEN well THEN NULL ELSE coalesce(failing_since, now()) END,
    last_error = CASE WHEN well AND failed = 0 THEN last_error ELSE message END,
    last_delivered_at = CASE WHEN well THEN now() ELSE last_delivered_at END,
    slow = said.slow,
    not_before = CASE WHEN asked > 0 THEN now() + make_interval(secs => least(asked, %(longest)s::float))
        ELSE not_before END,
    enabled = enabled AND NOT said.gone,
    disabled_reason = CASE WHEN said.gone THEN message ELSE disabled_reason END,
    paused_at = CASE
        WHEN paused_at IS NULL AND NOT well AND failures + failed >= %(attempts)s::int
          AND failing_since <= now() - make_interval(secs => %(failing)s::float) THEN now()
        ELSE paused_at
    END,
    pause_reason = CASE
        WHEN paused_at IS NULL AND NOT well AND failures + failed >= %(attempts)s::int
          AND failing_since <= now() - make_interval(secs => %(failing)s::float)
        THEN 'It has taken nothing since ' || to_char(failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
            || ' UTC, in ' || (failures + failed) || ' attempts. The last one: ' || message
        ELSE pause_reason
    END
FROM said
WHERE webhook.id = said.webhook_id AND (
    NOT well OR failed > 0 OR failures > 0 OR failing_since IS NOT NULL OR webhook.slow <> said.slow
    OR coalesce(last_delivered_at, '-infinity') < now() - interval '10 seconds'
)
RETURNING webhook.id
""")  # noqa: S608  # of constants
