"""Beat's tasks. They have a queue and a worker of their own, and never wait behind jobs that run for minutes."""

import logging

from celery import shared_task
from django.utils.timezone import now

from aijobs import broker, idempotency, lifecycle, queueing, reconciliation, statistics
from aijobs.models import IdempotencyKey

logger = logging.getLogger(__name__)

# Small transactions: a long one would hold back vacuum on the job tables.
PRUNE_CHUNK = 10_000


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


@shared_task(name="workers.periodic.prune")
def prune() -> None:
    """Delete Idempotency-Keys older than 24 hours."""
    expired = IdempotencyKey.objects.filter(created_at__lt=now() - idempotency.LIFETIME)
    while ids := list(expired.values_list("pk", flat=True)[:PRUNE_CHUNK]):
        IdempotencyKey.objects.filter(pk__in=ids).delete()
