"""Deleting what is kept no longer: little at a time and often, so that nothing waits for it."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils.timezone import now

from aijobs import idempotency
from aijobs.models import IdempotencyKey, Job
from workers.assistants.models import Baseline, Reservation, StoredAnswer
from workers.catalogue.models import Offer, Scan
from workers.changes.models import StoredDecision

# Of one statement: a longer one would hold back vacuum on the job tables, and keep its locks.
MOST_ROWS = 1_000
# A job's last attempt is long over then.
DECISIONS_KEPT = timedelta(days=7)
# No job is asked for the answers of a day so long ago; what they have cost is in the month's usage.
ANSWERS_KEPT = timedelta(days=7)
# The month that it stands in is over, and with it the account that it is counted in.
RESERVATIONS_KEPT = timedelta(days=32)


def expired_keys() -> QuerySet[IdempotencyKey]:
    return IdempotencyKey.objects.filter(created_at__lt=now() - idempotency.LIFETIME)


def old_decisions() -> QuerySet[StoredDecision]:
    return StoredDecision.objects.filter(created_at__lt=now() - DECISIONS_KEPT)


def lost_baselines() -> QuerySet[Baseline]:
    """They stay as long as their job does: another one, months later, is compared with it."""
    return Baseline.objects.filter(~Exists(Job.objects.filter(id=OuterRef("job_id"))))


def old_offers() -> QuerySet[Offer]:
    return Offer.objects.filter(fetched_at__lt=now() - timedelta(days=settings.AIJOBS_OFFER_DAYS))


def old_scans() -> QuerySet[Scan]:
    return Scan.objects.filter(scanned_at__lt=now() - timedelta(days=settings.AIJOBS_OFFER_DAYS))


def old_answers() -> QuerySet[StoredAnswer]:
    return StoredAnswer.objects.filter(created_at__lt=now() - ANSWERS_KEPT)


def old_reservations() -> QuerySet[Reservation]:
    return Reservation.objects.filter(expires_at__lt=now() - RESERVATIONS_KEPT)


KINDS: tuple[Callable[[], QuerySet[Model]], ...] = (
    expired_keys,
    old_decisions,
    lost_baselines,
    old_offers,
    old_scans,
    old_answers,
    old_reservations,
)


def prune(seconds: float) -> int:
    """Delete for so long at the most, each kind for its share, so that no backlog keeps another waiting.

    Returns how many rows are gone.
    """
    share = seconds / len(KINDS)
    return sum(_prune_for(share, kind()) for kind in KINDS)


def _prune_for(seconds: float, rows: QuerySet[Model]) -> int:
    until = time.monotonic() + seconds
    deleted = 0
    while ids := list(rows.values_list("pk", flat=True)[:MOST_ROWS]):
        deleted += rows.model._default_manager.filter(pk__in=ids).delete()[0]
        if len(ids) < MOST_ROWS or time.monotonic() >= until:
            break
    return deleted
