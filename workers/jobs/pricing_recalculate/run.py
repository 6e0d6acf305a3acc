"""The pricing job's way: recommended prices, and with `apply` the prices written."""

from aijobs.registry import Context
from workers.jobs.pricing_recalculate import recommending, turns, writing
from workers.jobs.pricing_recalculate.shapes import PricingParams, PricingResult
from workers.jobs.shared import connection_of
from workers.marketplaces import connections


def run(params: PricingParams, context: Context) -> PricingResult:
    """Compute the recommendations, and with `apply` have them written.

    Where the price is the catalogue's, it is written in the transaction that completes the job. Over the network it
    cannot be: there the decision is committed first, and a later attempt goes on with it.
    Raises PermanentFailure NO_MATCHING_SKUS when none of the SKUs is in the catalogue, or that of the connection.
    """
    connection = connection_of(context, params.marketplace)
    networked = params.apply and connections.writes_prices(connection)
    applies = params.apply and not networked

    def effect(computed: PricingResult) -> PricingResult:
        decided = writing.decide(computed, params, context, connection) if applies else computed
        turns.take(decided, context.tenant_id, params.marketplace)
        return decided

    # Whose turn it is may change for a suspended tenant too; its prices may not.
    context.commit_with(effect, while_suspended=not applies)
    if networked:
        return writing.write_over_network(params, context, connection)
    return recommending.recommend_all(params, context, connection)
