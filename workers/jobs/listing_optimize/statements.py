"""What customers have written of some products."""

# The newest of each product, found one by one by the index: a product may have a hundred thousand.
RECENT = """
WITH recent AS (
    SELECT found.* FROM unnest(%(products)s::bigint[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT id, product_id, title, body, aspects, flags, confidence FROM catalogue_review
        WHERE product_id = wanted.id ORDER BY created_at DESC NULLS LAST, id DESC LIMIT %(most)s
    ) AS found
)
"""
TEXTS = f"""
{RECENT}
SELECT product_id AS product, left(concat_ws('. ', nullif(title, ''), body), %(longest)s) AS text
FROM recent ORDER BY product_id, id
"""
# A review that praises an aspect twice counts once. The quote is of the review that the model was surest of.
OPINIONS = f"""
{RECENT}
SELECT product_id AS product, opinion ->> 'aspect' AS aspect, opinion ->> 'polarity' AS polarity,
    count(DISTINCT recent.id) AS count,
    (array_agg(left(opinion ->> 'text', %(longest)s) ORDER BY confidence DESC NULLS LAST, recent.id))[1] AS quote
FROM recent CROSS JOIN LATERAL jsonb_array_elements(aspects) AS opinion
WHERE NOT flags ? 'suspected_spam' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
