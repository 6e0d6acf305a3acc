"""A shop on Shopify, over the Admin GraphQL API: the seller's own prices, read and written."""
