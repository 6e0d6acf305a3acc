"""The scan's way: products → their offers, fetched or stored → history → comparison with ours and the last scan."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from django.db.models import F, Max, Q

from aijobs.registry import Context
from workers.catalogue.models import ProductQuerySet
from workers.jobs.competitor_scan.findings import Findings
from workers.jobs.competitor_scan.shapes import ScanParams, ScanResult
from workers.jobs.competitor_scan.sources import sources_of
from workers.jobs.shared import connection_of, products_of
from workers.marketplaces.protocols import Fetched

# SKUs that are stored together: a lost worker loses no more than these.
CHUNK = 20


def run(params: ScanParams, context: Context) -> ScanResult:
    """Scan, and keep what was found also where the marketplace fails half-way.

    Raises PermanentFailure NO_MATCHING_SKUS or of the connection, and TransientFailure where nothing could be had.
    """
    connection = connection_of(context, params.marketplace)
    in_turn = partial(_longest_ago_first, context)
    products = {each.sku: each for each in products_of(params, context.tenant_id, in_turn)}
    unknown = [sku for sku in params.skus or () if sku not in products]
    conditions = sorted(set(params.conditions))
    findings = Findings(context, products, conditions)
    context.progress(len(unknown), len(products) + len(unknown))
    context.when_stopped(lambda: findings.result(connection.connector, unknown))
    for source in sources_of(params, connection, list(products.values())):
        fetched = _checked(source.fetch(conditions), context)
        while chunk := list(islice(fetched, CHUNK)):
            findings.add(source, chunk)
            context.progress(len(unknown) + findings.count)
    if failure := findings.failure():
        raise failure
    return findings.result(connection.connector, unknown)


def _checked(fetched: Iterator[Fetched], context: Context) -> Iterator[Fetched]:
    """One SKU after the other: each may take a marketplace seconds."""
    for each in fetched:
        context.checkpoint()
        yield each


def _longest_ago_first(context: Context, products: ProductQuerySet) -> ProductQuerySet:
    """What was scanned longest ago, or never, first. For the job's next attempt it is still those of the first."""
    last_scans = products.annotate(last_scan=Max("scans__scanned_at", filter=~Q(scans__job_id=context.job_id)))
    return last_scans.order_by(F("last_scan").asc(nulls_first=True), "sku")
