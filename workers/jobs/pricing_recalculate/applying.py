"""A finished pricing job's recommendations, applied after a look."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict, cast

from django.db import transaction

from aijobs.models import Job
from workers.changes import deciding
from workers.changes.deciding import Applied, Decision, Origin
from workers.changes.kinds.price import Prices


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
