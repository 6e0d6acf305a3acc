"""Decided prices and their audit: written into the catalogue at once, or pending until a marketplace has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.db.models import Q
from django.utils.timezone import now

from aijobs.errors import ApiError
from workers.catalogue.errors import NotRevertible, PriceChangeNotFound
from workers.catalogue.models import Product
from workers.changes import guardrails
from workers.changes.models import PriceChange, PriceChangeStatus

Refusal = Literal["ALREADY_APPLIED", "UNKNOWN_SKU", "NOT_IN_JOB", "NO_CHANGE"] | guardrails.Refusal


@dataclass(frozen=True, slots=True)
class Decision:
    """A price to write: `before` is the price that it was decided on. Both in the product's currency."""

    sku: str
    before: Decimal
    after: Decimal
    reason: str


@dataclass(slots=True)
class Applied:
    changes: list[PriceChange] = field(default_factory=list)
    refused: dict[str, Refusal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose decisions they are, and where they go."""

    tenant_id: int
    marketplace: str
    job_id: UUID
    # Least margin that the job was asked to keep.
    min_margin_pct: float
    # Over the network: the changes are pending until the marketplace has them.
    networked: bool
    # The id of the API key that applies a finished job's decisions.
    applied_by: int | None = None


def decide(origin: Origin, decisions: Sequence[Decision]) -> Applied:
    """Record the decisions of one job, each once, within the guardrails; in the catalogue's own case write them too.

    To be called in a transaction: the products stay locked until its end. They are locked in the order of their
    SKUs, so that two jobs over the same products wait for each other instead of deadlocking; and no harder than
    an update does, so that an import of sales, which refers to them in an order of its own, need not wait.
    """
    wanted = {decision.sku: decision for decision in decisions}
    products = Product.objects.of(origin.tenant_id).filter(marketplace=origin.marketplace, sku__in=wanted)
    locked = list(products.order_by("sku").select_for_update(no_key=True))
    applied = Applied(refused=dict.fromkeys(wanted.keys() - {product.sku for product in locked}, "UNKNOWN_SKU"))
    done = set(
        PriceChange.objects.filter(job_id=origin.job_id, product__in=locked).values_list("product_id", flat=True)
    )
    policy = guardrails.policy_of(origin.tenant_id)
    recent = guardrails.recent_changes(locked, policy)
    for product in locked:
        decision = wanted[product.sku]
        refusal = guardrails.refusal(
            product,
            decision.before,
            decision.after,
            policy,
            origin.min_margin_pct,
            recent.get(product.pk, guardrails.Recent()),
        )
        if product.pk in done:
            applied.refused[product.sku] = "ALREADY_APPLIED"
        elif refusal:
            applied.refused[product.sku] = refusal
        else:
            applied.changes.append(_change(product, origin, decision))
    if not origin.networked:
        _write([change.product for change in applied.changes])
    applied.changes = PriceChange.objects.bulk_create(applied.changes)
    return applied


def _write(products: Sequence[Product]) -> None:
    Product.objects.bulk_update(products, ["price", "updated_at"])


def _change(product: Product, origin: Origin, decision: Decision) -> PriceChange:
    if not origin.networked:
        _set_price(product, decision.after)
    return PriceChange(
        tenant_id=origin.tenant_id,
        product=product,
        job_id=origin.job_id,
        before=decision.before,
        after=decision.after,
        reason=decision.reason,
        status=_first_status(origin.networked),
        applied_by_id=origin.applied_by,
    )


def _set_price(product: Product, price: Decimal) -> None:
    product.price = price
    product.updated_at = now()


def _first_status(networked: bool) -> PriceChangeStatus:
    return PriceChangeStatus.PENDING if networked else PriceChangeStatus.APPLIED


def get(tenant_id: int, change_id: int) -> PriceChange:
    """Raises PriceChangeNotFound."""
    change = PriceChange.objects.of(tenant_id).select_related("product").filter(pk=change_id).first()
    if change is None:
        raise PriceChangeNotFound()
    return change


def revert(change: PriceChange, networked: bool, applied_by: int) -> PriceChange:
    """Undo an applied change by another one. In a transaction. Raises NotRevertible with the reason.

    The kill switch, the cool-down and the daily number stop no revert; the floors do.
    """
    product = Product.objects.select_for_update(no_key=True).get(pk=change.product_id)
    if problem := _why_not(change, product):
        raise problem
    if not networked:
        _set_price(product, change.before)
        _write([product])
    undone = PriceChange(
        tenant_id=change.tenant_id,
        product=product,
        reverts=change,
        before=change.after,
        after=change.before,
        reason=f"Reverts price change {change.pk}.",
        status=_first_status(networked),
        applied_by_id=applied_by,
    )
    undone.save(force_insert=True)
    return undone


def _why_not(change: PriceChange, product: Product) -> ApiError | None:
    """Read under the product's lock."""
    stands = ~Q(status=PriceChangeStatus.REJECTED)
    if PriceChange.objects.filter(stands, reverts=change).exists():
        return NotRevertible("The change has been reverted already.")
    if change.status != PriceChangeStatus.APPLIED:
        return NotRevertible(f"The change is {change.status}; only an applied one can be reverted.")
    if product.price != change.after:
        return NotRevertible(f"The price is {product.price} now, not {change.after}: a later change would be lost.")
    recent = guardrails.recent_changes([product], guardrails.policy_of(change.tenant_id))
    if recent.get(product.pk, guardrails.Recent()).in_progress:
        return NotRevertible("Another change of this price is on its way; try again when it has settled.")
    if refusal := guardrails.bound_refusal(product, change.before, guardrails.policy_of(change.tenant_id)):
        return NotRevertible(f"{change.before} is outside the product's bounds of today ({refusal}).")
    return None
