"""Deleting what is kept no longer: little at a time and often, so that nothing waits for it."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, Max, Model, OuterRef, QuerySet
from django.utils.timezone import now

from aijobs import idempotency, retention
from aijobs.models import IdempotencyKey, Job, Tenant
from aijobs.retention import InTurn, Step
from workers.assistants.models import Baseline, Reservation, StoredAnswer
from workers.catalogue.models import Scan
from workers.changes.models import StoredDecision, StoredPart

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


def old_parts() -> QuerySet[StoredPart]:
    """Of jobs that have failed: the others' go with the result."""
    return StoredPart.objects.filter(created_at__lt=now() - DECISIONS_KEPT)


def old_scans() -> QuerySet[Scan]:
    """As long as any tenant's offers: whose they are, only their products know."""
    longest = Tenant.objects.aggregate(days=Max("offer_days"))["days"] or 0
    return Scan.objects.filter(scanned_at__lt=now() - timedelta(days=max(settings.AIJOBS_OFFER_DAYS, longest)))


def old_answers() -> QuerySet[StoredAnswer]:
    return StoredAnswer.objects.filter(created_at__lt=now() - ANSWERS_KEPT)


def old_reservations() -> QuerySet[Reservation]:
    return Reservation.objects.filter(expires_at__lt=now() - RESERVATIONS_KEPT)


def _of(rows: Callable[[], QuerySet[Model]]) -> Callable[[], Step]:
    """A step's worth of them."""

    def delete() -> Step:
        ids = list(rows().values_list("pk", flat=True)[:MOST_ROWS])
        deleted = rows().model._default_manager.filter(pk__in=ids).delete()[0] if ids else 0
        return Step(deleted, more=len(ids) == MOST_ROWS)

    return delete


class LostBaselines:
    """They stay as long as their job does: another one, months later, is compared with it.

    Nothing but their job says which these are. So a step looks through a stretch of them, and the next one goes on.
    """

    def __init__(self) -> None:
        self._after = 0

    def __call__(self) -> Step:
        stretch = Baseline.objects.filter(pk__gt=self._after).order_by("pk").values_list("pk", flat=True)
        looked_at = list(stretch[:MOST_ROWS])
        lost = Baseline.objects.filter(~Exists(Job.objects.filter(id=OuterRef("job_id"))), pk__in=looked_at)
        deleted = lost.delete()[0]
        self._after = looked_at[-1] if len(looked_at) == MOST_ROWS else 0
        return Step(deleted, more=deleted > 0)


DELETE_OFFERS = retention.in_turn(
    "offer_days",
    """
    SELECT offer.id, offer.fetched_at::text AS position FROM catalogue_offer offer
    WHERE offer.tenant_id = tenants.id AND offer.fetched_at < now() - make_interval(days => tenants.days)
      AND offer.fetched_at >= coalesce(tenants.reached, '-infinity')::timestamptz
    ORDER BY offer.tenant_id, offer.fetched_at
    """,
    "gone AS (DELETE FROM catalogue_offer WHERE id = ANY (ARRAY(SELECT id FROM picked)) RETURNING id)",
)
old_offers = InTurn(DELETE_OFFERS, lambda: settings.AIJOBS_OFFER_DAYS)

KINDS: tuple[Callable[[], Step], ...] = (
    *retention.KINDS,
    _of(expired_keys),
    _of(old_decisions),
    _of(old_parts),
    LostBaselines(),
    old_offers,
    _of(old_scans),
    _of(old_answers),
    _of(old_reservations),
)


class Pruning:
    """A step of each kind in turn, while there is time. The next run goes on with the kind whose turn it is then.

    So no backlog keeps another waiting, whatever a step takes.
    """

    def __init__(self, kinds: Sequence[Callable[[], Step]]) -> None:
        self._kinds = deque(kinds)

    def run(self, seconds: float) -> int:
        """Returns how many rows are gone."""
        until = time.monotonic() + seconds
        idle: set[Callable[[], Step]] = set()
        deleted = 0
        while len(idle) < len(self._kinds):
            kind = self._kinds[0]
            self._kinds.rotate(-1)
            if kind in idle:
                continue
            step = kind()
            deleted += step.rows
            if not step.more:
                idle.add(kind)
            if time.monotonic() >= until:
                break
        return deleted


_pruning = Pruning(KINDS)


def prune(seconds: float) -> int:
    """Delete for so long, and the rest of a step, at the most. Returns how many rows are gone."""
    return _pruning.run(seconds)
