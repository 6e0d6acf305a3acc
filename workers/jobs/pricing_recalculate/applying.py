"""A finished pricing job's recommendations, applied after a look."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from aijobs.errors import ApiError, JobNotFound
from aijobs.models import Job
from aijobs.states import Status
from workers.changes import deciding
from workers.changes.deciding import Applied, Decision, Origin
from workers.changes.kinds.price import Prices
from workers.jobs.pricing_recalculate.shapes import PricingResult, Recommendation


class JobNotFinished(ApiError):
    code, status, default_message = "JOB_NOT_FINISHED", 409, "Only a completed job has recommendations to apply."


def finished_job(tenant_id: int, job_id: UUID | None) -> Job:
    """Raises JobNotFound, also for a job of another type, and JobNotFinished."""
    job = Job.objects.of(tenant_id).filter(id=job_id, type="pricing_recalculate").first() if job_id else None
    if job is None:
        raise JobNotFound()
    if job.status != Status.COMPLETED:
        raise JobNotFinished(f"The job is {job.status}; only a completed one has recommendations to apply.")
    return job


def apply_job(job: Job, skus: Sequence[str] | None, applied_by: int) -> Applied:
    """Apply the recommendations that a completed job shows: all, or those for `skus`.

    `applied_by`: the id of the API key that asks. Nothing is computed again, and a price that is no longer the one
    it was decided on is left alone.
    """
    result = PricingResult.model_validate(job.result)
    shown = {each.sku: each for each in result.recommendations}
    wanted = list(shown if skus is None else dict.fromkeys(skus))
    decisions = [_decision(shown[sku]) for sku in wanted if sku in shown]
    kind = Prices(job.params.get("min_margin_pct", 0.0))
    origin = _origin(kind, job, applied_by)
    with transaction.atomic():
        applied = deciding.decide(kind, origin, [each for each in decisions if each.after != each.before])
    applied.refused |= {sku: "NOT_IN_JOB" for sku in wanted if sku not in shown}
    applied.refused |= {each.sku: "NO_CHANGE" for each in decisions if each.after == each.before}
    return applied


def _decision(shown: Recommendation) -> Decision[Decimal]:
    return Decision(shown.sku, shown.current_price, shown.recommended_price, shown.reasoning)


def _origin(kind: Prices, job: Job, applied_by: int) -> Origin:
    marketplace = job.params["marketplace"]
    networked = deciding.is_networked(kind, job.tenant_id, marketplace)
    return Origin(job.tenant_id, marketplace, job.id, networked, applied_by)
