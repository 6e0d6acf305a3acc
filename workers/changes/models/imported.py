"""Prices and texts that an import has changed: recorded with all other changes, in the import's transaction.

An import says what they are. So nothing is decided or sent anywhere, and the change is applied from the start.
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

# `held` has the listings as they were. Only the texts that differ are recorded, as `kinds.listing` has them.
RECORD_IMPORTED_LISTINGS = """
INSERT INTO changes_change (
    tenant_id, product_id, marketplace, sku, currency, kind, before, after, reason, status, detail, warnings,
    read_back, created_at, attempts, not_before
)
SELECT
    product.tenant_id, product.id, product.marketplace, product.sku, '', 'listing', changed.before, changed.after,
    'IMPORTED', 'applied', '', '[]', '', now(), 0, now()
FROM held
    JOIN catalogue_listing listing ON listing.id = held.id
    JOIN catalogue_product product ON product.id = listing.product_id
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(name, old) AS before, jsonb_object_agg(name, new) AS after
        FROM (VALUES
            ('title', to_jsonb(held.title), to_jsonb(listing.title)),
            ('bullets', to_jsonb(held.bullets), to_jsonb(listing.bullets)),
            ('description', to_jsonb(held.description), to_jsonb(listing.description)),
            ('search_terms', to_jsonb(held.search_terms), to_jsonb(listing.search_terms))
        ) AS texts (name, old, new)
        WHERE old IS DISTINCT FROM new
    ) AS changed
WHERE listing.id = ANY(ARRAY(SELECT id FROM held)) AND changed.before IS NOT NULL
ORDER BY product.sku
"""
