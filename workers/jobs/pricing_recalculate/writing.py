"""Recommended prices written: decided under the guardrails, and sent where the marketplace is another system."""

from collections.abc import Collection, Iterable, Sequence

from aijobs.errors import PermanentFailure
from aijobs.outbound.failures import OutboundError
from aijobs.outbound.pace import Pace
from aijobs.registry import Context
from workers.changes import deciding, replaying, settling
from workers.changes.claims import Attempt
from workers.changes.deciding import Decision, Origin
from workers.changes.kinds.base import Desk
from workers.changes.kinds.price import Prices
from workers.changes.models import OPEN, Change, ChangeStatus
from workers.jobs.pricing_recalculate import recommending, turns
from workers.jobs.pricing_recalculate.shapes import PricingParams, PricingResult
from workers.jobs.shared import Skipped, connection_of
from workers.marketplaces import connections
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
    return _with_written(result, _written(applied.changes), refused)


def write_over_network(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    """Decide once, in whichever attempt gets there first; then write what is still open of it."""
    pace = Pace(WRITE_SECONDS)
    try:
        # What could not be sent is not decided.
        connections.open_connector(connection, pace).close()
        result = replaying.stored(context, PricingResult) or _commit_decision(params, context, connection)
        if ids := _open_changes(context):
            # While there are any it is the same shop; but its credentials may have been renewed.
            with connections.open_connector(connection_of(context, params.marketplace), pace) as desk:
                _write(desk, ids, len(turns.asked(result)), context)
            _wait_while_suspended(context)
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None
    return _settled(result, context)


def _commit_decision(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    computed = recommending.recommend_all(params, context, connection)
    return replaying.commit(context, lambda: decide(computed, params, context, connection))


def _open_changes(context: Context) -> list[int]:
    changes = Change.objects.filter(job=context.job_id, status__in=OPEN).order_by("id")
    return list(changes.values_list("id", flat=True))


def _wait_while_suspended(context: Context) -> None:
    """A run that leaves changes open because its tenant is suspended goes on with them when the tenant does."""
    if _open_changes(context):
        with context.owned():
            # Raises RunSuspended where that is why.
            pass


def _write(desk: Desk, ids: Sequence[int], total: int, context: Context) -> None:
    for done in settling.settle_job(desk, ids, Attempt(context.job_id, context.attempt)):
        context.progress(total - len(ids) + done, total)


def _settled(result: PricingResult, context: Context) -> PricingResult:
    """The decided result with what became of each change. What is still open the settler goes on with."""
    changes = Change.objects.filter(job=context.job_id).order_by("sku")
    left = [
        Skipped(sku=change.sku, reason=f"WRITE_{change.status.upper()}", detail=change.detail or None)
        for change in changes
        if change.status != ChangeStatus.APPLIED
    ]
    return _with_written(result, _written(changes), left)


def _written(changes: Iterable[Change]) -> set[str]:
    return {change.sku for change in changes if change.status == ChangeStatus.APPLIED}


def _with_written(result: PricingResult, written: Collection[str], skipped: Sequence[Skipped]) -> PricingResult:
    return result.model_copy(
        update={
            "updated_count": len(written),
            "recommendations": [
                each.model_copy(update={"applied": each.sku in written}) for each in result.recommendations
            ],
            "skipped": [*result.skipped, *skipped],
        }
    )
