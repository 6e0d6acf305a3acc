"""The job's way: proposals for each listing, and with `apply` the texts written."""

from aijobs.registry import Context
from workers.changes import replaying
from workers.jobs.listing_optimize import proposing, turns, writing
from workers.jobs.listing_optimize.shapes import ListingParams, ListingResult
from workers.jobs.shared import connection_of
from workers.marketplaces import connections


def run(params: ListingParams, context: Context) -> ListingResult:
    """Propose other texts, and with `apply` have them written.

    Where the catalogue's listing is the listing, it is written in the transaction that completes the job. Over the
    network it cannot be: there the decision is committed first, and a later attempt goes on with it.
    Raises PermanentFailure NO_MATCHING_SKUS, or that of the connection or the assistant.
    """
    connection = connection_of(context, params.marketplace)
    networked = params.apply and bool(connections.written_texts(connection))
    applies = params.apply and not networked

    def effect(proposed: ListingResult) -> ListingResult:
        decided = writing.decide(proposed, params, context, connection) if applies else proposed
        replaying.drop_parts(context.job_id)
        turns.take({each.sku for each in decided.listings}, context.tenant_id, params.marketplace)
        return decided

    # Whose turn it is may change for a suspended tenant too; its listings may not.
    context.commit_with(effect, while_suspended=not applies)
    if networked:
        return writing.write_over_network(params, context, connection)
    return proposing.propose_all(params, context, connection)
