"""Counting what has ended: per minute, hour and in total, and per tenant and day; once, seconds after its commit.

Ends are read from their events in the order of the transactions that wrote them, and a cursor says how far. A
transaction may become visible later than others that began after it, so the cursor is a snapshot and not a number:
what is counted next is what was invisible to it, which is every transaction from `below` on, and those that were
`open` then. However long somebody holds a transaction open, nothing is lost or read twice, and nothing waits for it.

One transaction locks the cursor, counts and moves it. So a crash undoes all of it, and of two sweepers one finds the
cursor locked and leaves. All tables are added to at the same time: an hour that was made of its minutes when it was
over would lack what came to be known later. `completed_at` decides which minute and hour that is, wherever it lies: a
clock that was set back changes nothing else.
"""

import logging
import time
from dataclasses import dataclass
from typing import LiteralString

from django.db import transaction

from aijobs import sql
from aijobs.models import BUCKET_BOUNDS

logger = logging.getLogger(__name__)

# Ends of one step: 0.05 s of work, as measured.
STEP = 2_000


@dataclass(frozen=True, slots=True)
class _Cursor:
    # Transactions of a higher number than this cluster has had: the database was restored from another one.
    foreign: bool


@dataclass(frozen=True, slots=True)
class Step:
    """How many ends were counted, and whether there are more."""

    ends: int
    more: bool


def roll_up(seconds: float) -> int:
    """Count what has ended since the last time, for so long at the most: the next call goes on. Returns how many."""
    until = time.monotonic() + seconds
    ends = 0
    while True:
        step = roll_up_step()
        ends += step.ends
        if not step.more or time.monotonic() >= until:
            return ends


def roll_up_step(most: int = STEP) -> Step:
    """Count about `most` ends: what one transaction ended is never divided. None where somebody else is counting."""
    with transaction.atomic():
        locked = sql.rows(_Cursor, LOCK, {})
        if not locked:
            return Step(0, more=sql.execute(CREATE, {}) > 0)
        if locked[0].foreign and sql.execute(RESET, {}) > 0:
            logger.warning(
                "the database comes from another cluster: jobs that ended before now are not counted again"
            )
        return sql.rows(Step, COUNT, {"most": most, "bounds": list(BUCKET_BOUNDS)})[0]


CREATE = """
INSERT INTO aijobs_rollupcursor (id, below, open) VALUES (1, '0', '{}') ON CONFLICT DO NOTHING RETURNING id
"""
# A statement of its own: the next one's snapshot then sees all that the cursor's was of.
LOCK = """
SELECT below > pg_snapshot_xmax(pg_current_snapshot()) AS foreign FROM aijobs_rollupcursor
WHERE id = 1 FOR UPDATE SKIP LOCKED
"""
# Where it still is by a snapshot that is taken under the lock. That of the lock's statement is older: another sweeper
# may have moved the cursor beyond it meanwhile.
RESET = """
UPDATE aijobs_rollupcursor SET below = pg_snapshot_xmax(pg_current_snapshot()), open = '{}', since = now()
WHERE id = 1 AND below > pg_snapshot_xmax(pg_current_snapshot()) RETURNING id
"""

_IS_END = "kind IN ('cancelled', 'completed', 'failed')"
_BUCKETS = """
ARRAY(
    SELECT count(jobs.bucket)::int FROM generate_series(0, cardinality(%(bounds)s::float[])) AS buckets(bucket)
    LEFT JOIN unnest({numbers}) AS jobs(bucket) USING (bucket) GROUP BY bucket ORDER BY bucket
)
"""
_ADD = """
INSERT INTO aijobs_{unit}rollup AS present (
    start, type, lane, "end", error_code, count, waiting, running, waiting_seconds, running_seconds
)
SELECT {start} AS start, type, lane, status, code, count(*),
    {waiting}, {running}, coalesce(sum(waiting), 0), coalesce(sum(running), 0)
FROM ended GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (start, type, lane, "end", error_code) DO UPDATE SET
    count = present.count + EXCLUDED.count,
    waiting = ARRAY(SELECT a + b FROM unnest(present.waiting, EXCLUDED.waiting) AS pair(a, b)),
    running = ARRAY(SELECT a + b FROM unnest(present.running, EXCLUDED.running) AS pair(a, b)),
    waiting_seconds = present.waiting_seconds + EXCLUDED.waiting_seconds,
    running_seconds = present.running_seconds + EXCLUDED.running_seconds
"""  # of constants


def _add(unit: LiteralString, start: LiteralString) -> LiteralString:
    """To one of the tables, what `ended` holds."""
    return _ADD.format(
        unit=unit,
        start=start,
        waiting=_BUCKETS.format(numbers="array_agg(waiting_bucket)"),
        running=_BUCKETS.format(numbers="array_agg(running_bucket)"),
    )


# Sub-selects and no joins with the cursor: their values are there before the index is read. Jobs are looked up one by
# one, whatever the planner believes of how many are new.
COUNT = sql.short(f"""
WITH present AS MATERIALIZED (
    SELECT below, open, coalesce(since, '-infinity') AS since FROM aijobs_rollupcursor WHERE id = 1
), reached AS MATERIALIZED (
    SELECT coalesce((
        SELECT transaction FROM aijobs_jobevent WHERE {_IS_END} AND transaction > (
            SELECT transaction FROM aijobs_jobevent WHERE {_IS_END} AND transaction >= (SELECT below FROM present)
            ORDER BY transaction OFFSET %(most)s::int - 1 LIMIT 1
        ) ORDER BY transaction LIMIT 1
    ), pg_snapshot_xmax(pg_current_snapshot())) AS below
), news AS MATERIALIZED (
    SELECT job_id, at FROM aijobs_jobevent
    WHERE {_IS_END} AND transaction >= (SELECT below FROM present) AND transaction < (SELECT below FROM reached)
    UNION ALL
    SELECT job_id, at FROM aijobs_jobevent
    WHERE {_IS_END} AND transaction = ANY ((SELECT open FROM present)::xid8[])
), ended AS MATERIALIZED (
    SELECT tenant_id, completed_at, type, lane, status, code, cost, waiting, running,
        width_bucket(waiting, %(bounds)s::float[]) AS waiting_bucket,
        width_bucket(running, %(bounds)s::float[]) AS running_bucket
    FROM news CROSS JOIN LATERAL (
        SELECT tenant_id, completed_at, type, lane, status, cost,
            coalesce(nullif(error_code, ''), cancel_reason) AS code,
            CASE WHEN status <> 'cancelled' THEN greatest(extract(epoch FROM started_at - run_after), 0)::float
                END AS waiting,
            CASE WHEN status <> 'cancelled' THEN greatest(extract(epoch FROM completed_at - started_at), 0)::float
                END AS running
        FROM aijobs_job WHERE id = news.job_id LIMIT 1
    ) job
    WHERE news.at >= (SELECT since FROM present)
), minutes AS (
    {_add("minute", "date_trunc('minute', completed_at)")}
), hours AS (
    {_add("hour", "date_trunc('hour', completed_at)")}
), totals AS (
    {_add("total", "timestamptz 'epoch'")}
), days AS (
    INSERT INTO aijobs_dayusage AS present (tenant_id, day, type, "end", count, running_seconds, cost)
    SELECT tenant_id, (completed_at AT TIME ZONE 'UTC')::date, type, status, count(*), coalesce(sum(running), 0),
        coalesce(sum(cost), 0)
    FROM ended GROUP BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, day, type, "end") DO UPDATE SET
        count = present.count + EXCLUDED.count,
        running_seconds = present.running_seconds + EXCLUDED.running_seconds,
        cost = present.cost + EXCLUDED.cost
), moved AS (
    UPDATE aijobs_rollupcursor SET
        below = (SELECT below FROM reached),
        open = ARRAY(
            SELECT still FROM pg_snapshot_xip(pg_current_snapshot()) AS still
            WHERE still < (SELECT below FROM reached)
        )
    WHERE id = 1
)
SELECT (SELECT count(*) FROM ended) AS ends, below < pg_snapshot_xmax(pg_current_snapshot()) AS more FROM reached
""")  # noqa: S608  # of constants
