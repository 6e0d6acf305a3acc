"""Whose turn it is with `all`: the listings that were looked at longest ago."""

from collections.abc import Collection

from django.db.models import F
from django.utils.timezone import now

from aijobs import sql
from workers.catalogue.models import ProductQuerySet

# It waits for nobody, whose locks might wait for this transaction's: a listing that an import or another job is
# writing at this moment keeps its turn.
TAKE = """
UPDATE catalogue_listing SET optimised_at = %(now)s WHERE id IN (
    SELECT listing.id FROM catalogue_listing listing JOIN catalogue_product product ON product.id = listing.product_id
    WHERE listing.tenant_id = %(tenant)s::bigint AND listing.marketplace = %(marketplace)s::text
        AND product.sku = ANY(%(skus)s::text[])
    FOR NO KEY UPDATE OF listing SKIP LOCKED
)
RETURNING id
"""


def longest_ago_first(products: ProductQuerySet) -> ProductQuerySet:
    """Products with a listing: those first whose listing is new, or was looked at longest ago."""
    with_listing = products.filter(listing__isnull=False)
    return with_listing.order_by(F("listing__optimised_at").asc(nulls_first=True), "listing__id")


def take(skus: Collection[str], tenant_id: int, marketplace: str) -> None:
    """Note that these listings had their turn. To be called in the transaction that completes the job."""
    parameters = {"now": now(), "tenant": tenant_id, "marketplace": marketplace, "skus": sorted(skus)}
    sql.execute(TAKE, parameters)
