"""The exports of marketplaces and shop systems that are known. A new one is a file here, and its line in FORMATS."""

from workers.catalogue.formats.amazon_all_listings import AMAZON_ALL_LISTINGS
from workers.catalogue.formats.amazon_all_orders import AMAZON_ALL_ORDERS
from workers.catalogue.formats.amazon_settlement import AMAZON_SETTLEMENT
from workers.catalogue.formats.shopify_products import SHOPIFY_PRODUCTS
from workers.catalogue.importing.formats import Format

FORMATS: tuple[Format, ...] = (
    AMAZON_ALL_LISTINGS,
    AMAZON_ALL_ORDERS,
    AMAZON_SETTLEMENT,
    SHOPIFY_PRODUCTS,
)
