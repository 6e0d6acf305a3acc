"""What keeps a price from being changed, whoever asks: the tenant's policy, the product's floors, recent changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from django.utils.timezone import now

from workers.catalogue.models import Product
from workers.changes.models import OPEN, PriceChange, PriceChangeStatus, RepricingPolicy

Refusal = Literal[
    "REPRICING_DISABLED",
    "PRICE_CHANGED",
    "CHANGE_IN_PROGRESS",
    "BELOW_FLOOR",
    "ABOVE_CEILING",
    "COOL_DOWN",
    "DAILY_LIMIT",
]
DAY = timedelta(days=1)


def policy_of(tenant_id: int) -> RepricingPolicy:
    """The tenant's policy; the defaults where it has none."""
    return RepricingPolicy.objects.filter(tenant=tenant_id).first() or RepricingPolicy(tenant_id=tenant_id)


@dataclass(frozen=True, slots=True)
class Recent:
    """What has lately been done to a product's price: nothing, unless said otherwise."""

    in_progress: bool = False
    # When the applied changes of the last day, or of the cool-down where that is longer, were decided.
    applied_at: tuple[datetime, ...] = ()


def recent_changes(products: Iterable[Product], policy: RepricingPolicy) -> dict[int, Recent]:
    """By product. To be read under the products' locks, so that no other change comes between."""
    since = now() - max(DAY, timedelta(minutes=policy.cool_down_minutes))
    changes = PriceChange.objects.filter(product__in=list(products))
    applied = changes.filter(status=PriceChangeStatus.APPLIED, created_at__gte=since)
    moments: dict[int, list[datetime]] = {}
    for product_id, at in applied.values_list("product_id", "created_at"):
        moments.setdefault(product_id, []).append(at)
    in_progress = set(changes.filter(status__in=OPEN).values_list("product_id", flat=True))
    return {
        product_id: Recent(product_id in in_progress, tuple(moments.get(product_id, ())))
        for product_id in in_progress | moments.keys()
    }


def refusal(
    product: Product, before: Decimal, after: Decimal, policy: RepricingPolicy, min_margin_pct: float, recent: Recent
) -> Refusal | None:
    """Why this change is not to be made, or None. `min_margin_pct`: what the job asked for; the stricter counts."""
    if not policy.repricing_enabled:
        return "REPRICING_DISABLED"
    if product.price != before:
        return "PRICE_CHANGED"
    if recent.in_progress:
        return "CHANGE_IN_PROGRESS"
    return bound_refusal(product, after, policy, min_margin_pct) or _too_soon(recent, policy)


def bound_refusal(
    product: Product, after: Decimal, policy: RepricingPolicy, min_margin_pct: float = 0.0
) -> Literal["BELOW_FLOOR", "ABOVE_CEILING"] | None:
    """Whether the price would be below cost and margin, the minimum or the MAP; or above the maximum."""
    floors = [product.min_price, product.map_price, margin_floor(product, max(policy.min_margin_pct, min_margin_pct))]
    if any(floor is not None and after < floor for floor in floors):
        return "BELOW_FLOOR"
    if product.max_price is not None and after > product.max_price:
        return "ABOVE_CEILING"
    return None


def margin_floor(product: Product, min_margin_pct: float) -> Decimal | None:
    """The price at which (price − cost) ÷ price is the margin; None where the cost is unknown."""
    if product.cost is None:
        return None
    floor: Decimal = product.cost / (1 - Decimal(str(min_margin_pct)) / 100)
    return floor


def _too_soon(recent: Recent, policy: RepricingPolicy) -> Literal["COOL_DOWN", "DAILY_LIMIT"] | None:
    moment = now()
    if any(at > moment - timedelta(minutes=policy.cool_down_minutes) for at in recent.applied_at):
        return "COOL_DOWN"
    if sum(at > moment - DAY for at in recent.applied_at) >= policy.max_changes_per_day:
        return "DAILY_LIMIT"
    return None
