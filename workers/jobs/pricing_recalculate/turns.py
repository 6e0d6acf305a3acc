"""Whose turn it is with `all`: the products that were priced longest ago."""

from django.db.models import F
from django.utils.timezone import now

from aijobs import sql
from workers.catalogue.models import ProductQuerySet
from workers.jobs.pricing_recalculate.shapes import PricingResult

# It waits for nobody, whose locks might wait for this transaction's: a product that an import or another job is
# writing at this moment keeps its turn.
TAKE = """
UPDATE catalogue_product SET priced_at = %(now)s WHERE id IN (
    SELECT id FROM catalogue_product
    WHERE tenant_id = %(tenant)s::bigint AND marketplace = %(marketplace)s::text AND sku = ANY(%(skus)s::text[])
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id
"""


def longest_ago_first(products: ProductQuerySet) -> ProductQuerySet:
    """Those that were priced longest ago, or never, first. An index has a marketplace's products in this order."""
    return products.order_by(F("priced_at").asc(nulls_first=True), "id")


def asked(result: PricingResult) -> set[str]:
    """The SKUs that a job was about: each has a recommendation, or the reason why there is none."""
    return {each.sku for each in result.recommendations} | {each.sku for each in result.skipped}


def take(result: PricingResult, tenant_id: int, marketplace: str) -> None:
    """Note that all products of a job have had their turn, also those that could not be judged.

    To be called in the transaction that completes the job, so that another attempt takes the same products.
    """
    parameters = {"now": now(), "tenant": tenant_id, "marketplace": marketplace, "skus": sorted(asked(result))}
    sql.execute(TAKE, parameters)
