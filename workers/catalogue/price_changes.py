"""Writing decided prices into the catalogue, with their audit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypedDict, cast
from uuid import UUID

from django.utils.timezone import now

from aijobs.models import Job
from workers.catalogue.models import PriceChange, Product

Refusal = Literal["PRICE_CHANGED", "ALREADY_APPLIED", "UNKNOWN_SKU", "NOT_IN_JOB", "NO_CHANGE"]


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


def apply_job(job: Job, skus: Sequence[str] | None, applied_by: int) -> Applied:
    """Write the recommendations that a completed pricing job shows: all, or those for `skus`. In a transaction.

    `applied_by`: the id of the API key that asks. Nothing is computed anew, and a price that is no longer the one
    it was decided on is left alone.
    """
    result = cast("Result", job.result)
    shown = {each["sku"]: each for each in result["recommendations"]}
    wanted = shown.keys() if skus is None else dict.fromkeys(skus)
    refused: dict[str, Refusal] = {sku: "NOT_IN_JOB" for sku in wanted if sku not in shown}
    decisions: list[Decision] = []
    for sku in wanted:
        if sku in shown:
            decision = _decision(shown[sku])
            if decision.before == decision.after:
                refused[sku] = "NO_CHANGE"
            else:
                decisions.append(decision)
    applied = apply_prices(job.tenant_id, job.params["marketplace"], job.id, decisions, applied_by)
    applied.refused |= refused
    return applied


class Shown(TypedDict):
    """A recommendation as the result stores it: money is a JSON number there, its decimals are exact in text."""

    sku: str
    current_price: float
    recommended_price: float
    reasoning: str


class Result(TypedDict):
    recommendations: list[Shown]


def _decision(shown: Shown) -> Decision:
    before, after = (Decimal(str(shown[name])) for name in ("current_price", "recommended_price"))
    return Decision(shown["sku"], before, after, shown["reasoning"])


def apply_prices(
    tenant_id: int, marketplace: str, job_id: UUID, decisions: Sequence[Decision], applied_by: int | None = None
) -> Applied:
    """Write the prices of one job's decisions, each once, and never over a price that changed meanwhile.

    To be called in a transaction: the products stay locked until its end. They are locked in the order of their
    SKUs, so that two jobs over the same products wait for each other instead of deadlocking; and no harder than
    an update does, so that an import of sales, which refers to them in an order of its own, need not wait.
    """
    wanted = {decision.sku: decision for decision in decisions}
    products = Product.objects.of(tenant_id).filter(marketplace=marketplace, sku__in=wanted)
    locked = list(products.order_by("sku").select_for_update(no_key=True))
    done = set(PriceChange.objects.filter(job_id=job_id, product__in=locked).values_list("product_id", flat=True))
    applied = Applied(refused=dict.fromkeys(wanted.keys() - {product.sku for product in locked}, "UNKNOWN_SKU"))
    for product in locked:
        decision = wanted[product.sku]
        if product.pk in done:
            applied.refused[product.sku] = "ALREADY_APPLIED"
        elif product.price != decision.before:
            applied.refused[product.sku] = "PRICE_CHANGED"
        else:
            applied.changes.append(_change(product, job_id, decision, applied_by))
    Product.objects.bulk_update([change.product for change in applied.changes], ["price", "updated_at"])
    applied.changes = PriceChange.objects.bulk_create(applied.changes)
    return applied


def _change(product: Product, job_id: UUID, decision: Decision, applied_by: int | None) -> PriceChange:
    product.price = decision.after
    product.updated_at = now()
    return PriceChange(
        tenant_id=product.tenant_id,
        product=product,
        job_id=job_id,
        before=decision.before,
        after=decision.after,
        reason=decision.reason,
        applied_by_id=applied_by,
    )
