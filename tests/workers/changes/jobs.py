"""Pricing jobs whose recommendations the tests choose, run as a worker runs them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from aijobs.engine import queueing
from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from workers.catalogue.models import Product
from workers.jobs.pricing_recalculate import recommending
from workers.jobs.pricing_recalculate.shapes import Interval, PricingResult, Recommendation
from workers.running import execute


def recommend(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object] | None = None, **afters: float
) -> None:
    """What every job computes, by SKU. `meanwhile` happens once, while the first of them computes."""
    pending = [meanwhile] if meanwhile else []

    def recommend_all(*_: object) -> PricingResult:
        current = {product.sku: float(product.price) for product in Product.objects.filter(sku__in=afters)}
        recommendations = [_recommendation(sku, current[sku], after) for sku, after in afters.items()]
        if pending:
            pending.pop()()
        return PricingResult(
            processed_count=len(afters), updated_count=len(afters), recommendations=recommendations, skipped=[]
        )

    monkeypatch.setattr(recommending, "recommend_all", recommend_all)


def _recommendation(sku: str, current: float, after: float) -> Recommendation:
    nothing = Interval(low=0.0, high=0.0)
    return Recommendation(
        sku=sku,
        current_price=current,
        recommended_price=after,
        confidence=0.9,
        reasoning=f"Because of {sku}.",
        applied=False,
        elasticity=-2.0,
        elasticity_interval=nothing,
        expected_profit_change_pct=1.0,
        expected_profit_change_interval=nothing,
        binding_constraint=None,
        observations=100,
    )


def dispatched(seller: Caller, marketplace: str, *skus: str) -> UUID:
    """A pricing job that applies what it recommends."""
    params = {"skus": skus, "marketplace": marketplace, "apply": True}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=params)
    return job_id


def run(job_id: UUID) -> Job:
    execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def run_again(job_id: UUID) -> Job:
    """The next attempt, as if its backoff were over."""
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    return run(job_id)


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, f"{job.status} {job.error_code} {job.error_message}"
    result: dict[str, Any] = job.result
    return result
