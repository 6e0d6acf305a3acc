"""From a product of the catalogue to what a connector needs of it."""

from workers.catalogue.models import Product
from workers.marketplaces.protocols import Listing


def listing_of(product: Product) -> Listing:
    return Listing(
        sku=product.sku,
        currency=product.currency,
        external_id=product.external_id,
        competitor_urls=tuple(product.competitor_urls.split()),
    )
