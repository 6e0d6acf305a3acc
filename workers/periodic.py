"""Beat's tasks. They have a queue and a worker of their own, and never wait behind jobs that run for minutes."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils.timezone import now

from aijobs import idempotency
from aijobs.engine import broker, lifecycle, queueing, reconciliation, statistics
from aijobs.models import IdempotencyKey
from workers import tasks
from workers.catalogue import offers as history
from workers.changes import claims, settling
from workers.changes.models import StoredDecision

logger = logging.getLogger(__name__)

# Small transactions: a long one would hold back vacuum on the job tables.
PRUNE_CHUNK = 10_000
# A job's last attempt is long over then.
DECISIONS_KEPT = timedelta(days=7)
# A message that no worker took by then is a copy of the next one.
SETTLE_MESSAGE_SECONDS = 10


@shared_task(name="workers.periodic.sweep")
def sweep() -> None:
    """Take back lost runs, promote what waited long, and keep the broker's windows full."""
    if reclaimed := lifecycle.reclaim_expired():
        logger.warning("took back %d jobs whose lease was over", reclaimed)
    # Before the comparison, which takes the promoted jobs' old messages out.
    queueing.promote()
    try:
        reconciliation.reconcile()
    except broker.BrokerDown as error:
        logger.warning("the broker is down: %s", error)
        # What is due stays unreleased; the first sweep after the broker is back releases it.
        return
    queueing.release_due()


@shared_task(name="workers.periodic.refresh_statistics")
def refresh_statistics() -> None:
    """Measure depths, medians and the drain rate for estimates and limits."""
    statistics.refresh()


@shared_task(name="workers.periodic.settle_prices")
def settle_prices() -> None:
    """Have the changes written that were applied by hand, reverted, or left open by a job."""
    if expired := settling.expire():
        logger.warning("%d changes could not be written within an hour", expired)
    for due in claims.due():
        tasks.settle_prices.apply_async(
            (due.tenant_id, due.marketplace), queue=tasks.PRICES_QUEUE, expires=SETTLE_MESSAGE_SECONDS
        )


@shared_task(name="workers.periodic.prune")
def prune() -> None:
    """Delete Idempotency-Keys older than 24 hours, decisions of jobs long over, and old offers."""
    prune_idempotency_keys()
    StoredDecision.objects.filter(created_at__lt=now() - DECISIONS_KEPT).delete()
    while history.prune(now() - timedelta(days=settings.AIJOBS_OFFER_DAYS), PRUNE_CHUNK):
        pass


def prune_idempotency_keys() -> None:
    expired = IdempotencyKey.objects.filter(created_at__lt=now() - idempotency.LIFETIME)
    while ids := list(expired.values_list("pk", flat=True)[:PRUNE_CHUNK]):
        IdempotencyKey.objects.filter(pk__in=ids).delete()
