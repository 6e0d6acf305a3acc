"""From decided prices to changed ones: a job's own, those applied after a look, and reverts.

In a marketplace of the catalogue a price is written in the transaction that decides it. Everywhere else the decision
is committed as `pending`, and written over the network afterwards: by the job's run, or by the settler.
"""

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict, cast

from django.db import transaction

from aijobs.models import Job
from aijobs.outbound.failures import OutboundError
from workers.changes import deciding as price_changes
from workers.changes import settling as writing
from workers.changes.deciding import Applied, Decision, Origin, Refusal
from workers.changes.models import PriceChange
from workers.marketplaces import connections

logger = logging.getLogger(__name__)

# How long the settler is at one marketplace before it makes room for others.
SETTLE_SECONDS = 45.0


class Shown(TypedDict):
    """A recommendation as the result stores it: money is a JSON number there, its decimals are exact in text."""

    sku: str
    current_price: float
    recommended_price: float
    reasoning: str


class Result(TypedDict):
    recommendations: list[Shown]


def apply_job(job: Job, skus: Sequence[str] | None, applied_by: int) -> Applied:
    """Apply the recommendations that a completed pricing job shows: all, or those for `skus`.

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
    with transaction.atomic():
        applied = price_changes.decide(_origin(job, applied_by), decisions)
    applied.refused |= refused
    return applied


def _decision(shown: Shown) -> Decision:
    before, after = (Decimal(str(shown[name])) for name in ("current_price", "recommended_price"))
    return Decision(shown["sku"], before, after, shown["reasoning"])


def _origin(job: Job, applied_by: int) -> Origin:
    marketplace = job.params["marketplace"]
    return Origin(
        tenant_id=job.tenant_id,
        marketplace=marketplace,
        job_id=job.id,
        min_margin_pct=job.params.get("min_margin_pct", 0.0),
        networked=writes_over_network(job.tenant_id, marketplace),
        applied_by=applied_by,
    )


def revert(tenant_id: int, change_id: int, applied_by: int) -> PriceChange:
    """Undo an applied change. Raises PriceChangeNotFound, NotRevertible."""
    change = price_changes.get(tenant_id, change_id)
    networked = writes_over_network(tenant_id, change.product.marketplace)
    with transaction.atomic():
        return price_changes.revert(change, networked, applied_by)


def writes_over_network(tenant_id: int, marketplace: str) -> bool:
    """Whether the marketplace's prices are elsewhere than in the catalogue."""
    connection = connections.find(tenant_id, marketplace)
    return connection is not None and connections.writes_prices(connection)


def settle(tenant_id: int, marketplace: str) -> int:
    """Write what is open at a marketplace, except what a job looks after. Returns how many changes it took up."""
    connection = connections.find(tenant_id, marketplace)
    if connection is None:
        return 0
    try:
        return writing.settle_due(connection, SETTLE_SECONDS)
    except OutboundError as error:
        logger.warning("prices of tenant %d at %s are not settled: %s", tenant_id, marketplace, error)
        return 0
