"""Proposed texts written: decided under the listing policy, and sent where the marketplace is another system."""

from collections.abc import Collection, Sequence

from aijobs.outbound.pace import Pace
from aijobs.registry import Context
from workers.changes import deciding, replaying
from workers.changes.deciding import Decision, Origin
from workers.changes.kinds.listing import Listings
from workers.jobs import networked
from workers.jobs.listing_optimize import proposing
from workers.jobs.listing_optimize.shapes import ListingParams, ListingReport, ListingResult
from workers.jobs.shared import Skipped
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Texts

# Of the soft limit of 900 s, beside what proposing takes; the settler writes what is left then.
WRITE_SECONDS = 100.0


def decide(result: ListingResult, params: ListingParams, context: Context, connection: Connection) -> ListingResult:
    """Record the changes, within the policy; the result with what was written, and what was refused and why.

    `connection`: the one that the result was computed on. Raises ConnectionChanged where there is another by now.
    """
    decisions = [decision_of(each) for each in result.listings if each.proposals]
    origin = Origin(context.tenant_id, params.marketplace, context.job_id, computed_on=connection)
    applied = deciding.decide(Listings(), origin, decisions)
    refused = [Skipped(sku=sku, reason=reason) for sku, reason in sorted(applied.refused.items())]
    return _with_written(result, networked.written(applied.changes), refused)


def decision_of(report: ListingReport) -> Decision[Texts]:
    before: Texts = {str(each.field): each.current for each in report.proposals}
    after: Texts = {str(each.field): each.proposed for each in report.proposals}
    return Decision(report.sku, before, after, reason_of(report))


def reason_of(report: ListingReport) -> str:
    reasons = [reason for each in report.proposals for reason in each.reasons]
    told = " ".join(dict.fromkeys(reasons)) or "An assistant wrote better texts from the listing's own data."
    return f"{told} The score rises from {report.score_before.total:g} to {report.score_after.total:g}."


def write_over_network(params: ListingParams, context: Context, connection: Connection) -> ListingResult:
    """Decide once, in whichever attempt gets there first; then write what is still open of it."""
    networked.check_openable(connection)
    result = replaying.stored(context, ListingResult) or _commit_decision(params, context, connection)
    networked.write_open(context, params.marketplace, Pace(WRITE_SECONDS), result.processed_count)
    changes = networked.changes_of(context)
    # What is still open the settler goes on with.
    return _with_written(result, networked.written(changes), networked.unwritten(changes))


def _commit_decision(params: ListingParams, context: Context, connection: Connection) -> ListingResult:
    proposed = proposing.propose_all(params, context, connection)
    return replaying.commit(context, lambda: decide(proposed, params, context, connection))


def _with_written(result: ListingResult, skus: Collection[str], skipped: Sequence[Skipped]) -> ListingResult:
    return result.model_copy(
        update={
            "updated_count": len(skus),
            "listings": [_applied(each) if each.sku in skus else each for each in result.listings],
            "skipped": [*result.skipped, *skipped],
        }
    )


def _applied(report: ListingReport) -> ListingReport:
    proposals = [each.model_copy(update={"applied": True}) for each in report.proposals]
    return report.model_copy(update={"proposals": proposals})
