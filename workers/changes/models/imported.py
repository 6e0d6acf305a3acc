"""Prices that an import of products has changed: recorded with all other changes, in the import's transaction.

An import says what the price is. So nothing is decided or sent anywhere, and the change is applied from the start.
"""

# `held` has the products as they were, by id: they are locked. An amount is text, as `kinds.price` writes it.
RECORD_IMPORTED_PRICES = """
INSERT INTO changes_change (
    tenant_id, product_id, marketplace, sku, currency, kind, before, after, reason, status, detail, warnings,
    read_back, created_at, attempts, not_before
)
SELECT
    product.tenant_id, product.id, product.marketplace, product.sku, held.currency, 'price',
    to_jsonb(trim_scale(held.price)::text), to_jsonb(trim_scale(product.price)::text), 'IMPORTED', 'applied',
    CASE WHEN product.currency = held.currency THEN ''
        ELSE 'The new price is in ' || product.currency || ', the old one was in ' || held.currency || '.' END,
    '[]', '', now(), 0, now()
FROM held JOIN catalogue_product product ON product.id = held.id
WHERE product.id = ANY(ARRAY(SELECT id FROM held))
    AND (product.price, product.currency) IS DISTINCT FROM (held.price, held.currency)
ORDER BY product.sku
"""
