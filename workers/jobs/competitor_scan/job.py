"""`competitor_scan`: how it is registered."""

from aijobs.registry import JobType, Limits, register
from workers.jobs.competitor_scan.shapes import ScanParams, ScanResult
from workers.jobs.shared import admit

LIMITS = Limits(
    soft_seconds=600,
    hard_seconds=660,
    attempts=3,
    backoff_seconds=5,
    backoff_cap_seconds=120,
    typical_seconds=30,
    typical_range=(15, 60),
)

EXAMPLE = {
    "params": {"skus": ["SKU-001"], "marketplace": "amazon_us"},
    "result": {
        "processed_count": 1,
        "offer_count": 2,
        "skipped_count": 1,
        "source": "amazon",
        "skus": [
            {
                "sku": "SKU-001",
                "source": "amazon",
                "offers": [
                    {
                        "seller": "A2SNBFWOFW4SWG",
                        "price": 13.49,
                        "shipping": 0.0,
                        "landed_price": 13.49,
                        "currency": "USD",
                        "condition": "new",
                        "fulfilment": "amazon",
                        "is_buy_box": True,
                        "availability": "",
                        "tax_included": None,
                        "source": "",
                        "url": None,
                        "fetched_at": "2026-03-12T14:32:20.000Z",
                    },
                    {
                        "seller": "A1OHOT6VONX3KA",
                        "price": 12.99,
                        "shipping": 2.0,
                        "landed_price": 14.99,
                        "currency": "USD",
                        "condition": "new",
                        "fulfilment": "merchant",
                        "is_buy_box": False,
                        "availability": "",
                        "tax_included": None,
                        "source": "",
                        "url": None,
                        "fetched_at": "2026-03-12T14:32:20.000Z",
                    },
                ],
                "summary": {
                    "lowest_landed": 13.49,
                    "median_landed": 14.24,
                    "buy_box_price": 13.49,
                    "our_price": 14.99,
                    "our_rank": 2,
                    "price_gap_pct": 11.12,
                    "offer_count": 2,
                    "new_sellers": [],
                    "left_sellers": ["A3KYRTKZN2M5LE"],
                    "change_since_last_scan_pct": -3.64,
                    "featured_offer_expected_price": None,
                },
            }
        ],
        "skipped": [
            {
                "sku": "SKU-001",
                "reason": "SUSPICIOUS_OFFER",
                "seller": "A9TYPO",
                "detail": "1.35 differs from your price of 14.99 by more than a factor of 3.",
            }
        ],
    },
}


register(
    JobType(
        name="competitor_scan",
        description="Fetch competitors' offers for SKUs, keep them as history, and compare them with your prices and "
        "the last scan.",
        params=ScanParams,
        result=ScanResult,
        limits=LIMITS,
        run="workers.jobs.competitor_scan.run.run",
        present="workers.jobs.competitor_scan.presenting.present",
        admit=admit,
        example=EXAMPLE,
    )
)
