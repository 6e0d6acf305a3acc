"""`return_classify`: how it is registered."""

from aijobs.registry import JobType, Limits, register
from workers.jobs.return_classify.shapes import ReturnParams, ReturnResult
from workers.jobs.shared import admit

# 100,000 returns take a minute or two, on a slow or busy machine several times as long.
LIMITS = Limits(
    soft_seconds=900,
    hard_seconds=960,
    attempts=3,
    backoff_seconds=5,
    backoff_cap_seconds=120,
    typical_seconds=45,
    typical_range=(20, 90),
)

EXAMPLE = {
    "params": {
        "skus": ["SKU-001", "SKU-002", "SKU-404"],
        "marketplace": "amazon_us",
        "since": "2026-02-01",
        "limit": 100_000,
        "reanalyze": False,
    },
    "result": {
        "processed_count": 61,
        "updated_count": 61,
        "remaining_count": 0,
        "model": {"name": "full", "version": "full-31bc78003c92-1"},
        "return_count": 61,
        "returned_units": 64,
        "code_contradicted_count": 7,
        "unsupported_language_count": 1,
        "days": {"first_day": "2026-02-01", "last_day": "2026-03-12"},
        "rate_days": {"first_day": "2026-02-01", "last_day": "2026-03-12"},
        "reasons": [
            {"reason": "defective", "return_count": 34, "returned_units": 36, "share": 0.5625},
            {"reason": "too_small", "return_count": 27, "returned_units": 28, "share": 0.4375},
        ],
        "currencies": [
            {
                "currency": "USD",
                "returned_units": 64,
                "units_sold": 1130.0,
                "return_rate": 0.0566,
                "cost_of_returns": 390.4,
            }
        ],
        "reasons_compared": True,
        "anomaly_count": 1,
        "anomaly_counts": [{"kind": "rate_spike", "severity": "high", "count": 1}],
        "anomalies": [
            {
                "kind": "rate_spike",
                "severity": "high",
                "sku": "SKU-001",
                "sentence": "Customers return SKU-001 as defective more often than before: 24 of 201 units in the "
                "last 10 days (11.9 %), where 4.4 were to be expected (2.2 %).",
                "expected_cost": 119.56,
                "currency": "USD",
                "reason": "defective",
                "complaint": None,
                "customer": None,
                "compared_with": "history",
                "first_day": "2026-03-03",
                "last_day": "2026-03-12",
                "observed_units": 24,
                "expected_units": 4.4,
                "units_at_risk": 201.0,
                "rate": 0.1194,
                "usual_rate": 0.0219,
                "p_value": 2.1e-10,
                "q_value": 8.4e-09,
            }
        ],
        "sku_count": 2,
        "skus": [
            {
                "sku": "SKU-001",
                "returned_units": 45,
                "units_sold": 790.0,
                "return_rate": 0.057,
                "return_rate_interval": {"low": 0.0425, "high": 0.0747},
                "main_reason": "defective",
                "reasons": {"defective": 36, "too_small": 9},
            },
            {
                "sku": "SKU-002",
                "returned_units": 19,
                "units_sold": 340.0,
                "return_rate": 0.0559,
                "return_rate_interval": {"low": 0.0351, "high": 0.0842},
                "main_reason": "too_small",
                "reasons": {"too_small": 19},
            },
        ],
        "skipped_count": 1,
        "skipped": [
            {
                "sku": "SKU-404",
                "reason": "UNKNOWN_SKU",
                "detail": "The SKU is not in the catalogue. Import the product first.",
            }
        ],
    },
}


register(
    JobType(
        name="return_classify",
        description="Find out why customers return what, from their comments and the marketplace's codes, and which "
        "SKUs, reasons and customers stand out.",
        params=ReturnParams,
        result=ReturnResult,
        limits=LIMITS,
        run="workers.jobs.return_classify.run.run",
        present="workers.jobs.return_classify.presenting.present",
        admit=admit,
        example=EXAMPLE,
    )
)
