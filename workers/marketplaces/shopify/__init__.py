"""A shop on Shopify, over the Admin GraphQL API: the seller's own prices and listings, read and written."""
