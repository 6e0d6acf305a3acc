"""A finished pricing job's recommendations, applied after a look."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict, cast
from uuid import UUID

from django.db import transaction

from aijobs.errors import ApiError, JobNotFound
from aijobs.models import Job
from aijobs.states import Status
from workers.changes import deciding
from workers.changes.deciding import Applied, Decision, Origin
from workers.changes.kinds.price import Prices


class JobNotFinished(ApiError):
    code, status, default_message = "JOB_NOT_FINISHED", 409, "Only a completed job has recommendations to apply."
    advice = "Poll the job, and apply its recommendations when its `status` is `completed`."


class Shown(TypedDict):
    """What is needed of a stored recommendation, which may be of an earlier release than this one.

    Money is a JSON number there, whose decimals are exact in text.
    """

    sku: str
    current_price: float
    recommended_price: float
    reasoning: str


class Result(TypedDict):
    recommendations: list[Shown]


def finished_job(tenant_id: int, job_id: UUID | None) -> Job:
    """Raises JobNotFound, also for a job of another type, and JobNotFinished."""
    job = Job.objects.of(tenant_id).filter(id=job_id, type="pricing_recalculate").first() if job_id else None
    if job is None:
        raise JobNotFound("There is no pricing_recalculate job with this ID.")
    if job.status != Status.COMPLETED:
        raise JobNotFinished(f"The job is {job.status}. Only a completed job has recommendations to apply.")
    return job


def apply_job(job: Job, skus: Sequence[str] | None, applied_by: int) -> Applied:
    """Apply the recommendations that a completed job shows: all, or those for `skus`.

    `applied_by`: the id of the API key that asks. Nothing is computed again, and a price that is no longer the one
    it was decided on is left alone. Raises TenantSuspended.
    """
    shown = {each["sku"]: each for each in cast("Result", job.result)["recommendations"]}
    wanted = list(shown if skus is None else dict.fromkeys(skus))
    decisions = [_decision(shown[sku]) for sku in wanted if sku in shown]
    kind = Prices(job.params.get("min_margin_pct", 0.0))
    origin = Origin(job.tenant_id, job.params["marketplace"], job.id, applied_by=applied_by)
    with transaction.atomic():
        applied = deciding.decide(kind, origin, [each for each in decisions if each.after != each.before])
    applied.refused |= {sku: "NOT_IN_JOB" for sku in wanted if sku not in shown}
    applied.refused |= {each.sku: "NO_CHANGE" for each in decisions if each.after == each.before}
    return applied


def _decision(shown: Shown) -> Decision[Decimal]:
    before, after = (Decimal(str(shown[name])) for name in ("current_price", "recommended_price"))
    return Decision(shown["sku"], before, after, shown["reasoning"])
