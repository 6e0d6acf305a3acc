"""What keeps anything from being changed, in the order in which it is said: the same for every kind of change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import now

from workers.catalogue.models import Product
from workers.changes.kinds.base import ChangeKind, Guardrails, V
from workers.changes.models import OPEN, Change, ChangeStatus

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Recent:
    """What has lately been done to one thing of a product: nothing, unless said otherwise."""

    in_progress: bool = False
    # When the applied changes of the last day, or of the cool-down where that is longer, were decided. What was
    # imported counts as none: the morning's price list must not keep the day's jobs from their work.
    applied_at: tuple[datetime, ...] = ()


def recent_changes(kind: ChangeKind[V], products: Sequence[Product], cool_down: timedelta) -> dict[int, Recent]:
    """By product. To be read under the products' locks, so that no other change comes between."""
    changes = Change.objects.filter(kind=kind.name, product__in=products)
    applied = changes.decided().filter(status=ChangeStatus.APPLIED, created_at__gte=now() - max(DAY, cool_down))
    moments: dict[int, list[datetime]] = {}
    for product_id, at in applied.values_list("product_id", "created_at"):
        moments.setdefault(product_id, []).append(at)
    in_progress = set(changes.filter(status__in=OPEN).values_list("product_id", flat=True))
    return {product.pk: Recent(product.pk in in_progress, tuple(moments.get(product.pk, ()))) for product in products}


def refusal(
    kind: ChangeKind[V], rails: Guardrails[V], product: Product, before: V, after: V, recent: Recent
) -> str | None:
    """Why this change is not to be made, or None. `before`: the value that it was decided on."""
    if rails.switched_off:
        return rails.switched_off
    if kind.current(product, before) != before:
        return kind.conflict
    if recent.in_progress:
        return "CHANGE_IN_PROGRESS"
    return rails.bound_refusal(product, after) or _too_soon(rails, recent)


def _too_soon(rails: Guardrails[V], recent: Recent) -> str | None:
    moment = now()
    if any(at > moment - rails.cool_down for at in recent.applied_at):
        return "COOL_DOWN"
    if sum(at > moment - DAY for at in recent.applied_at) >= rails.most_a_day:
        return "DAILY_LIMIT"
    return None
