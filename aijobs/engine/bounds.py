"""Where a look for a tenant's active jobs begins: past those that are gone.

While another client holds a transaction open (pg_dump, a forgotten psql), nothing that dies after its snapshot can be
cleared away. The partial indexes of waiting, released and running jobs then keep an entry for every job of that time,
and each look for the live ones would walk past all of them. So each lane of a tenant has lower bounds: its queued,
unblocked jobs are due from `due_from` on, and its running ones were started from `started_from` on. Without a row
there are none, which costs time and nothing else.

A job before its bound would not be found, so a bound never passes one that may still appear:

* A transaction's jobs are due, and started, at its begin or later. Those that are open now count (see SETTLED): what
  they write is found later. This is read before the statement that looks takes its snapshot.
* A promotion brings an old job into another lane. It lowers that lane's bound, while nobody raises one.
* Whatever else may happen (the clock is set back, an operator changes rows), the sweeper finds within LOWER_SECONDS.
"""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from aijobs import sql

logger = logging.getLogger(__name__)

# Constants of our own: advisory locks of other programs in the same database have other numbers. With the first one,
# a tenant's refills and limited claims are done one at a time.
TENANTS_LOCK = 0x41494A
BOUNDS_LOCK = 0x41494B
# One claim in so many raises the bound of its lane: the faster a lane is drained the oftener its bound is raised, and
# one without load costs nothing. By chance, because tenants whose windows alternate would always meet the same count.
CLAIMS = 32
LOWER_SECONDS = 30.0
# Between a transaction's begin and the first lock that shows that it may write jobs. Who dispatches for a schedule
# may wait a second for the schedule's row before that.
MARGIN_SECONDS = 3.0


class _Turn:
    """When this process looks again whether a bound must be lowered."""

    lower_at = 0.0


_turn = _Turn()


@dataclass(frozen=True, slots=True)
class _Settled:
    # False while a promotion moves jobs.
    locked: bool
    # None where a transaction is open of which we cannot know since when.
    since: datetime | None


def raise_sometimes(tenant_id: int, lane: int) -> None:
    """After a claim: raise the bound of the job's lane, every now and then."""
    if random.random() < 1 / CLAIMS:  # noqa: S311  # hides nothing
        raise_bound(tenant_id, lane)


def raise_bound(tenant_id: int, lane: int) -> None:
    """Let looks begin at the first job that there is, or may still appear.

    Raises LockTimeout where another worker is raising it: one that froze there would stop all others.
    """
    with transaction.atomic():
        parameters = {"bounds": BOUNDS_LOCK, "tenants": TENANTS_LOCK, "margin": MARGIN_SECONDS}
        [settled] = sql.rows(_Settled, SETTLED, parameters)
        if settled.locked and settled.since is not None:
            sql.execute(RAISE, {"tenant": tenant_id, "lane": lane, "settled": settled.since})


def lower_sometimes() -> None:
    """The sweeper's turn to `lower`, which reads what an open transaction has kept."""
    if time.monotonic() >= _turn.lower_at:
        lower()
        _turn.lower_at = time.monotonic() + LOWER_SECONDS


def lower() -> None:
    """Lower every bound that has passed a job, which none should have done."""
    try:
        with alone():
            lowered = sql.execute(LOWER, {})
    except sql.LockTimeout:
        # A worker froze while it raised one: the next sweep comes again.
        return
    if lowered:
        logger.warning("%d lanes had jobs before their bound: was the clock set back?", lowered)


@contextmanager
def alone() -> Iterator[None]:
    """A transaction in which nobody raises a bound. Raises LockTimeout where that cannot be had within a second."""
    with transaction.atomic():
        sql.execute(LOCK_ALONE, {"bounds": BOUNDS_LOCK})
        yield


# Who writes jobs has such a lock on their table or the batches', or a tenant's lock, from the first moment that it
# may wait for anything. A prepared transaction has no process, and of another role's process we see that it is there,
# and no more.
SETTLED = """
WITH settings AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS flush,
        set_config('lock_timeout', '100ms', true) AS patience
)
SELECT pg_try_advisory_xact_lock_shared(%(bounds)s::int, 0) AS locked, nullif(least(
    now() - make_interval(secs => %(margin)s::float), (
    SELECT min(CASE
        WHEN held.pid IS NULL OR (writer.pid IS NOT NULL AND writer.xact_start IS NULL) THEN '-infinity'
        ELSE writer.xact_start
    END)
    FROM pg_locks held LEFT JOIN pg_stat_activity writer ON writer.pid = held.pid
    WHERE held.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (
        (held.relation IN ('aijobs_job'::regclass, 'aijobs_batch'::regclass)
         AND held.mode IN ('RowShareLock', 'RowExclusiveLock'))
        OR (held.locktype = 'advisory' AND held.classid = %(tenants)s::int)
    ) AND held.pid IS DISTINCT FROM pg_backend_pid()
)), '-infinity') AS since
FROM settings WHERE flush = 'off' AND patience = '100ms'
"""

# A statement of its own: the next one's snapshot then sees what the previous holder committed.
LOCK_ALONE = """
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '1s', true) AS bound)
SELECT pg_advisory_xact_lock(%(bounds)s::int, 0)::text AS locked FROM patience WHERE bound = '1s'
"""

# The first job of each index that a look goes through, or null.
_FIRST_DUE = """
least((
    SELECT waiting.run_after FROM aijobs_job waiting
    WHERE waiting.tenant_id = bound.tenant_id AND waiting.lane = bound.lane AND waiting.status = 'queued'
      AND waiting.released_at IS NULL AND NOT waiting.blocked AND waiting.run_after {beyond} bound.due_from
    ORDER BY waiting.tenant_id, waiting.lane, waiting.run_after LIMIT 1
), (
    SELECT released.run_after FROM aijobs_job released
    WHERE released.tenant_id = bound.tenant_id AND released.lane = bound.lane AND released.status = 'queued'
      AND released.released_at IS NOT NULL AND released.run_after {beyond} bound.due_from
    ORDER BY released.tenant_id, released.lane, released.run_after LIMIT 1
))
"""
_FIRST_STARTED = """
(
    SELECT running.started_at FROM aijobs_job running
    WHERE running.tenant_id = bound.tenant_id AND running.lane = bound.lane AND running.status = 'running'
      AND running.started_at {beyond} bound.started_from
    ORDER BY running.tenant_id, running.lane, running.started_at LIMIT 1
)
"""
RAISE = f"""
INSERT INTO aijobs_lanebound AS present (tenant_id, lane, due_from, started_from)
SELECT bound.tenant_id, bound.lane,
    least(%(settled)s::timestamptz, {_FIRST_DUE.format(beyond=">=")}),
    least(%(settled)s::timestamptz, {_FIRST_STARTED.format(beyond=">=")})
FROM (
    SELECT wanted.tenant_id, wanted.lane, coalesce(due_from, '-infinity') AS due_from,
        coalesce(started_from, '-infinity') AS started_from
    FROM (SELECT %(tenant)s::bigint AS tenant_id, %(lane)s::smallint AS lane) wanted
    LEFT JOIN aijobs_lanebound stored ON stored.tenant_id = wanted.tenant_id AND stored.lane = wanted.lane
) bound
ON CONFLICT (tenant_id, lane) DO UPDATE SET
    due_from = greatest(present.due_from, EXCLUDED.due_from),
    started_from = greatest(present.started_from, EXCLUDED.started_from)
RETURNING lane
"""  # noqa: S608  # of constants
LOWER = f"""
WITH passed AS (
    SELECT tenant_id, lane,
        {_FIRST_DUE.format(beyond="<")} AS due_from,
        {_FIRST_STARTED.format(beyond="<")} AS started_from
    FROM aijobs_lanebound bound
)
UPDATE aijobs_lanebound bound SET
    due_from = least(bound.due_from, passed.due_from),
    started_from = least(bound.started_from, passed.started_from)
FROM passed
WHERE bound.tenant_id = passed.tenant_id AND bound.lane = passed.lane
  AND (passed.due_from IS NOT NULL OR passed.started_from IS NOT NULL)
RETURNING bound.lane
"""  # noqa: S608  # of constants
