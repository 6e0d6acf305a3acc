"""The statements, all of them of the parameters that a Scope has, and of a few of their own."""

# Conditions on `review`, of the parameters that a Scope has. The products are listed even if all are meant: where a
# plan has to do for both, it would else read all reviews of the marketplace for the sake of one product.
IN_SCOPE = """
    review.tenant_id = %(tenant)s::bigint AND review.marketplace = %(marketplace)s::text
    AND review.product_id = ANY(coalesce(%(products)s::bigint[], ARRAY(
        SELECT id FROM catalogue_product WHERE tenant_id = %(tenant)s::bigint AND marketplace = %(marketplace)s::text
    )))
"""
COUNTED = "(%(since)s::timestamptz IS NULL OR review.created_at >= %(since)s::timestamptz)"

# --- Analysing

# It waits for nobody, whose locks might wait for this transaction's: a review that an import or another job is
# writing at this moment stays new. Nor is it stored where another job has stored it meanwhile: that has moved its
# moment. The new moment is the clock's: the transaction's own is that of its begin. Nothing is joined but by the key
# of the table: PostgreSQL takes the arrays for ten rows, and would compare all of them with each other.
STORE = """
    WITH analysed AS MATERIALIZED (
        SELECT * FROM unnest(
            %(ids)s::bigint[], %(titles)s::text[], %(bodies)s::text[], %(ratings)s::smallint[],
            %(given_languages)s::text[], %(moments)s::timestamptz[], %(labels)s::text[], %(scores)s::float8[],
            %(confidences)s::float8[], %(languages)s::text[], %(aspects)s::text[], %(flags)s::text[]
        ) AS rows (
            id, title, body, rating, given_language, moment, label, score, confidence, language, aspects, flags
        )
    ), unchanged AS (
        SELECT analysed.* FROM catalogue_review AS review JOIN analysed USING (id)
        WHERE (review.title, review.body, review.rating, review.language, review.analysed_at)
            IS NOT DISTINCT FROM
            (analysed.title, analysed.body, analysed.rating, analysed.given_language, analysed.moment)
        FOR NO KEY UPDATE OF review SKIP LOCKED
    )
    UPDATE catalogue_review AS review
    SET label = unchanged.label, score = unchanged.score, confidence = unchanged.confidence,
        detected_language = unchanged.language, aspects = unchanged.aspects::jsonb, flags = unchanged.flags::jsonb,
        analysed_with = %(version)s::text, analysed_at = clock_timestamp()
    FROM unchanged WHERE review.id = unchanged.id
    RETURNING review.id
"""

# --- Summing up

# A review may be dated wrongly; what lies ahead would be the newest for ever.
NEWEST = f"""
    SELECT max(review.created_at) AS newest FROM catalogue_review AS review
    WHERE {IN_SCOPE} AND review.analysed_with = %(version)s::text AND review.created_at < now() + interval '1 day'
"""
# The window before may lie before `since`: its reviews count for the trend only.
SUMS = f"""
    SELECT product_id,
        count(*) FILTER (WHERE counted) AS reviews,
        count(*) FILTER (WHERE counted AND label = 'positive') AS positive,
        count(*) FILTER (WHERE counted AND label = 'neutral') AS neutral,
        count(*) FILTER (WHERE counted AND label = 'negative') AS negative,
        avg(score) FILTER (WHERE counted) AS mean_score,
        avg(rating) FILTER (WHERE counted)::float8 AS mean_rating,
        count(*) FILTER (WHERE counted AND flags ? 'rating_text_mismatch') AS rating_text_mismatch,
        count(*) FILTER (WHERE counted AND flags ? 'suspected_spam') AS suspected_spam,
        count(*) FILTER (WHERE counted AND flags ? 'mentions_safety') AS mentions_safety,
        count(*) FILTER (WHERE counted AND flags ? 'unsupported_language') AS unsupported_language,
        count(*) FILTER (WHERE counted AND flags ? 'no_text') AS no_text,
        count(*) FILTER (WHERE current) AS now_reviews,
        count(*) FILTER (WHERE current AND label = 'negative') AS now_negative,
        avg(score) FILTER (WHERE current) AS now_score,
        avg(rating) FILTER (WHERE current)::float8 AS now_rating,
        count(*) FILTER (WHERE previous) AS before_reviews,
        count(*) FILTER (WHERE previous AND label = 'negative') AS before_negative,
        avg(score) FILTER (WHERE previous) AS before_score,
        avg(rating) FILTER (WHERE previous)::float8 AS before_rating
    FROM (
        SELECT product_id, label, score, rating, flags, {COUNTED} AS counted,
            label <> '' AND created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz AS current,
            label <> '' AND created_at >= %(before)s::timestamptz AND created_at < %(start)s::timestamptz AS previous
        FROM catalogue_review AS review WHERE {IN_SCOPE} AND review.analysed_with = %(version)s::text
    ) AS analysed
    GROUP BY GROUPING SETS ((product_id), ())
"""
LANGUAGES = f"""
    SELECT detected_language AS language, count(*) AS reviews FROM catalogue_review AS review
    WHERE {IN_SCOPE} AND {COUNTED} AND review.analysed_with = %(version)s::text AND flags ? 'unsupported_language'
    GROUP BY detected_language ORDER BY count(*) DESC, detected_language
"""
REVIEWED = f"SELECT DISTINCT product_id FROM catalogue_review AS review WHERE {IN_SCOPE} AND {COUNTED}"

# --- Opinions

# A review that praises an aspect twice counts once; `product` is 0 where all are taken together. Sorted by bytes: it
# is quicker, and the same in every database.
OPINIONS = f"""
    SELECT CASE WHEN %(together)s::boolean THEN 0 ELSE review.product_id END AS product, review.id,
        (opinion ->> 'aspect') COLLATE "C" AS aspect, (opinion ->> 'polarity') COLLATE "C" AS polarity,
        (opinion ->> 'text') COLLATE "C" AS text,
        review.product_id, review.external_id, review.confidence, review.created_at,
        NOT review.flags ? 'suspected_spam' AS quotable
    FROM catalogue_review AS review CROSS JOIN LATERAL jsonb_array_elements(review.aspects) AS opinion
    WHERE {IN_SCOPE} AND {COUNTED} AND review.analysed_with = %(version)s::text
        AND opinion ->> 'polarity' <> 'neutral'
"""
COUNTS = f"""
    SELECT product, aspect, count(DISTINCT id) FILTER (WHERE polarity = 'positive') AS positive,
        count(DISTINCT id) FILTER (WHERE polarity = 'negative') AS negative
    FROM ({OPINIONS}) AS opinion GROUP BY product, aspect
"""
# Whole passages before those that have to be cut, then those of which the model is surest.
QUOTES = f"""
    SELECT product, aspect, polarity, sku, ranked.external_id, left(text, %(longest)s) AS text FROM (
        SELECT *, row_number() OVER (
            PARTITION BY product, aspect, polarity
            ORDER BY length(text) > %(longest)s, confidence DESC, created_at DESC NULLS LAST, id, text
        ) AS place
        FROM (
            SELECT DISTINCT ON (product, aspect, polarity, text) * FROM ({OPINIONS}) AS opinion
            WHERE quotable ORDER BY product, aspect, polarity, text, confidence DESC, id
        ) AS passage
    ) AS ranked JOIN catalogue_product ON catalogue_product.id = ranked.product_id
    WHERE place <= %(most)s ORDER BY product, aspect, polarity, place
"""

# --- The threshold of neutral

# Five arrays in one row: a Python object per review would cost ten times the memory.
RATED = """
    SELECT coalesce(array_agg(external_id), '{}') AS ids, coalesce(array_agg(label), '{}') AS labels,
        coalesce(array_agg(score), '{}') AS scores, coalesce(array_agg(confidence), '{}') AS confidences,
        coalesce(array_agg(rating), '{}') AS ratings
    FROM (
        SELECT external_id, label, score, confidence, rating FROM catalogue_review
        WHERE tenant_id = %(tenant)s::bigint AND marketplace = %(marketplace)s::text
            AND analysed_with = %(version)s::text AND label <> '' AND rating IS NOT NULL
        ORDER BY id DESC LIMIT %(most)s
    ) AS rated
"""
