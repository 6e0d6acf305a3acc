"""`review_sentiment`: how it is registered."""

from aijobs.registry import JobType, Limits, register
from workers.jobs.review_sentiment.shapes import SentimentParams, SentimentResult
from workers.jobs.shared import admit

# 100,000 reviews at 500 a second take 200 seconds, on a slow or busy machine several times as long.
LIMITS = Limits(
    soft_seconds=900,
    hard_seconds=960,
    attempts=3,
    backoff_seconds=5,
    backoff_cap_seconds=120,
    typical_seconds=60,
    typical_range=(30, 120),
)

_FLAGS = {
    "rating_text_mismatch": 1,
    "suspected_spam": 0,
    "mentions_safety": 1,
    "unsupported_language": 2,
    "no_text": 0,
}
_TREND = {
    "direction": "worse",
    "review_count": 36,
    "previous_review_count": 41,
    "negative_share": 0.4167,
    "previous_negative_share": 0.0976,
    "mean_score": 0.1204,
    "previous_mean_score": 0.6415,
    "mean_rating": 3.21,
    "previous_mean_rating": 4.46,
    "p_value": 0.001484,
    "q_value": 0.001484,
}
_PRAISED = {
    "aspect": "appearance",
    "positive_count": 31,
    "negative_count": 2,
    "quotes": [{"sku": "SKU-001", "external_id": "R1K9XQ", "text": "love the color"}],
}
_CRITICISED = {
    "aspect": "durability",
    "positive_count": 4,
    "negative_count": 17,
    "quotes": [{"sku": "SKU-001", "external_id": "R1K9XQ", "text": "broke in a week"}],
}
_SUMMARY = {
    "review_count": 148,
    "positive_count": 104,
    "neutral_count": 15,
    "negative_count": 27,
    "mean_score": 0.5103,
    "mean_rating": 4.1,
    "flags": _FLAGS,
    "trend": _TREND,
    "praised": [_PRAISED],
    "criticised": [_CRITICISED],
}

EXAMPLE = {
    "params": {
        "skus": ["SKU-001", "SKU-002"],
        "marketplace": "amazon_us",
        "limit": 100_000,
        "since": None,
        "reanalyze": False,
    },
    "result": {
        "processed_count": 77,
        "updated_count": 77,
        "remaining_count": 0,
        "model": {"name": "cascade", "version": "cascade-5d6f86764d35-1"},
        "neutral_threshold": {
            "adapted": False,
            "weight": 1.5,
            "rated_review_count": 71,
            "default_macro_f1": None,
            "adapted_macro_f1": None,
        },
        "windows": {
            "first_day": "2026-02-11",
            "last_day": "2026-03-12",
            "previous_first_day": "2026-01-12",
            "previous_last_day": "2026-02-10",
        },
        "overall": _SUMMARY,
        "unsupported_languages": [{"language": "de", "review_count": 2}],
        "alert_count": 1,
        "alerts": [
            {
                "sku": "SKU-001",
                "previous_negative_share": 0.0976,
                "negative_share": 0.4167,
                "q_value": 0.001484,
                "message": "Customers are less content with SKU-001: 42 % of 36 reviews are negative, after 10 % of "
                "41 in the window before.",
            }
        ],
        "sku_count": 1,
        "skus": [{**_SUMMARY, "sku": "SKU-001"}],
        "skipped": [
            {
                "sku": "SKU-002",
                "reason": "NO_REVIEWS",
                "detail": "The SKU has no reviews that the job was asked about. Import its reviews first.",
            }
        ],
    },
}


register(
    JobType(
        name="review_sentiment",
        description="Find out what new reviews say and about what, and whether customers have become less content.",
        params=SentimentParams,
        result=SentimentResult,
        limits=LIMITS,
        run="workers.jobs.review_sentiment.run.run",
        present="workers.jobs.review_sentiment.presenting.present",
        admit=admit,
        example=EXAMPLE,
    )
)
