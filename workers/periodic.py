"""Beat's tasks. They have a queue and a worker of their own, and never wait behind jobs that run for minutes."""

import logging

from celery import shared_task

from aijobs import bulk, ticking
from aijobs.engine import (
    bounds,
    broker,
    forecasts,
    lifecycle,
    partitions,
    queueing,
    reconciliation,
    rollups,
    statistics,
)
from workers import pruning, tasks
from workers.changes import claims, settling

logger = logging.getLogger(__name__)

# Of every two: after an outage the sweeper goes on beside the counting of what ended meanwhile.
ROLL_UP_SECONDS = 0.3
# Of every five: some 3 % of PostgreSQL's time, in which more jobs are deleted than can be dispatched meanwhile.
PRUNE_SECONDS = 0.15
# A message that no worker took by then is a copy of the next one.
SETTLE_MESSAGE_SECONDS = 10
# Of the process that the sweeper waits for.
TICK_SECONDS = 0.9


@shared_task(name="workers.periodic.sweep")
def sweep() -> None:
    """Take back lost runs, promote what waited long, and keep the broker's windows full."""
    if reclaimed := lifecycle.reclaim_expired():
        logger.warning("%d jobs whose lease had expired were taken back", reclaimed)
    if expired := lifecycle.cancel_expired():
        logger.info("%d jobs that were not started in time were cancelled", expired)
    # Before the comparison, which takes the promoted jobs' old messages out.
    queueing.promote()
    bounds.lower_sometimes()
    try:
        reconciliation.reconcile()
    except broker.BrokerDown as error:
        logger.warning("the broker is down: %s", error)
        # What is due stays unreleased; the first sweep after the broker is back releases it.
        return
    queueing.release_due()


@shared_task(name="workers.periodic.refresh_statistics")
def refresh_statistics() -> None:
    """Measure depths, medians and the drain rate for estimates and limits, and what came of forecasts."""
    before = statistics.snapshot()
    statistics.refresh()
    forecasts.keep_record(before)


@shared_task(name="workers.periodic.tick")
def tick(*, again: bool = True) -> None:
    """Dispatch what schedules have due. With more than a message's time allows, one other message goes on with it."""
    if ticking.tick(TICK_SECONDS) and again:
        tick.apply_async(kwargs={"again": False}, expires=TICK_SECONDS)


@shared_task(name="workers.periodic.roll_up")
def roll_up() -> None:
    """Count what has ended."""
    rollups.roll_up(ROLL_UP_SECONDS)


@shared_task(name="workers.periodic.settle_changes")
def settle_changes() -> None:
    """Have the changes written that were applied by hand, reverted, or left open by a job."""
    if expired := settling.expire():
        logger.warning("%d changes could not be written within an hour", expired)
    for due in claims.due():
        tasks.settle_changes.apply_async(
            (due.tenant_id, due.marketplace), queue=tasks.CHANGES_QUEUE, expires=SETTLE_MESSAGE_SECONDS
        )


@shared_task(name="workers.periodic.act_in_bulk")
def act_in_bulk() -> None:
    """Go on with what is done to all jobs that match, for a quarter of a second: the sweeper waits meanwhile."""
    bulk.carry_out(seconds=0.25)


@shared_task(name="workers.periodic.prune")
def prune() -> None:
    """Delete what is kept no longer, a little at a time: the sweeper waits in the same process."""
    pruning.prune(PRUNE_SECONDS)


@shared_task(name="workers.periodic.partition_events")
def partition_events() -> None:
    """Make the partitions of the next weeks' events, and drop those of which no job is left."""
    partitions.add_missing()
    if dropped := partitions.drop_empty():
        logger.info("the events of %d weeks, whose jobs are all gone, were dropped", dropped)
