"""A shop on Shopify, over the Admin GraphQL API: the seller's own prices, read and written."""

from workers.marketplaces.shopify.connection import ShopifyCredentials, ShopifySettings
from workers.marketplaces.shopify.connector import Shopify

__all__ = ["Shopify", "ShopifyCredentials", "ShopifySettings"]
