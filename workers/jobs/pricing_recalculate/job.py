"""`pricing_recalculate`: how it is registered."""

from aijobs.registry import JobType, Limits, register
from workers.jobs.pricing_recalculate.shapes import PricingParams, PricingResult
from workers.jobs.shared import admit

LIMITS = Limits(
    soft_seconds=120,
    hard_seconds=150,
    attempts=3,
    backoff_seconds=2,
    backoff_cap_seconds=60,
    typical_seconds=30,
    typical_range=(10, 60),
)

EXAMPLE = {
    "params": {"skus": ["SKU-001", "SKU-002"], "marketplace": "amazon_us", "apply": False},
    "result": {
        "processed_count": 2,
        "updated_count": 1,
        "recommendations": [
            {
                "sku": "SKU-001",
                "current_price": 14.99,
                "recommended_price": 13.49,
                "confidence": 0.87,
                "reasoning": "Demand is elastic (−3.4): cutting the price by 10.0 % is expected to earn 6.2 % more "
                "profit. The largest step per run limits the change.",
                "applied": False,
                "elasticity": -3.41,
                "elasticity_interval": {"low": -4.2, "high": -2.66},
                "expected_profit_change_pct": 6.2,
                "expected_profit_change_interval": {"low": -1.9, "high": 14.8},
                "binding_constraint": "max_change",
                "observations": 180,
            },
            {
                "sku": "SKU-002",
                "current_price": 8.99,
                "recommended_price": 8.99,
                "confidence": 0.92,
                "reasoning": "Current price is already optimal. Demand is elastic (−2.1).",
                "applied": False,
                "elasticity": -2.08,
                "elasticity_interval": {"low": -2.7, "high": -1.5},
                "expected_profit_change_pct": 0.0,
                "expected_profit_change_interval": {"low": 0.0, "high": 0.0},
                "binding_constraint": None,
                "observations": 180,
            },
        ],
        "skipped": [],
    },
}


register(
    JobType(
        name="pricing_recalculate",
        description="Recompute optimal prices for SKUs from their sales history, within your constraints.",
        params=PricingParams,
        result=PricingResult,
        limits=LIMITS,
        run="workers.jobs.pricing_recalculate.run.run",
        present="workers.jobs.pricing_recalculate.presenting.present",
        admit=admit,
        example=EXAMPLE,
    )
)
