"""Recommended prices written: decided under the guardrails, and sent where the marketplace is another system."""

from collections.abc import Collection, Sequence

from aijobs.outbound.pace import Pace
from aijobs.registry import Context
from workers.changes import deciding, replaying
from workers.changes.deciding import Decision, Origin
from workers.changes.kinds.price import Prices
from workers.jobs import networked
from workers.jobs.networked import written
from workers.jobs.pricing_recalculate import recommending, turns
from workers.jobs.pricing_recalculate.shapes import PricingParams, PricingResult
from workers.jobs.shared import Skipped
from workers.marketplaces.models import Connection

# Of the soft limit of 120 s; at Amazon's rates some 250 prices. The settler writes what is left then.
WRITE_SECONDS = 80.0


def decide(result: PricingResult, params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    """Record the changes, within the guardrails; the result with what was written, and what was refused and why.

    `connection`: the one that the result was computed on. Raises ConnectionChanged where there is another by now.

    A price that changed since it was read is left alone. A second run of the same job never gets here: its first
    commit had ended it, or is replayed.
    """
    decisions = [
        Decision(each.sku, each.current_price, each.recommended_price, each.reasoning)
        for each in result.recommendations
        if each.recommended_price != each.current_price
    ]
    origin = Origin(context.tenant_id, params.marketplace, context.job_id, computed_on=connection)
    applied = deciding.decide(Prices(params.min_margin_pct), origin, decisions)
    refused = [Skipped(sku=sku, reason=reason) for sku, reason in sorted(applied.refused.items())]
    return _with_written(result, written(applied.changes), refused)


def write_over_network(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    """Decide once, in whichever attempt gets there first; then write what is still open of it."""
    pace = Pace(WRITE_SECONDS)
    networked.check_openable(connection)
    result = replaying.stored(context, PricingResult) or _commit_decision(params, context, connection)
    networked.write_open(context, params.marketplace, pace, len(turns.asked(result)))
    changes = networked.changes_of(context)
    # What is still open the settler goes on with.
    return _with_written(result, written(changes), networked.unwritten(changes))


def _commit_decision(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    computed = recommending.recommend_all(params, context, connection)
    return replaying.commit(context, lambda: decide(computed, params, context, connection))


def _with_written(result: PricingResult, skus: Collection[str], skipped: Sequence[Skipped]) -> PricingResult:
    return result.model_copy(
        update={
            "updated_count": len(skus),
            "recommendations": [
                each.model_copy(update={"applied": each.sku in skus}) for each in result.recommendations
            ],
            "skipped": [*result.skipped, *skipped],
        }
    )
