"""`listing_optimize`: how it is registered."""

from aijobs.registry import JobType, Limits, register
from workers.assistants import connections as assistants
from workers.jobs.listing_optimize.shapes import ListingParams, ListingResult
from workers.marketplaces import connections

# A thousand listings take some minutes by rules alone, and an assistant some seconds for each, several at a time.
LIMITS = Limits(
    soft_seconds=900,
    hard_seconds=960,
    attempts=3,
    backoff_seconds=5,
    backoff_cap_seconds=120,
    typical_seconds=60,
    typical_range=(30, 120),
)

_FIXED = {
    "field": "title",
    "rule": "title_characters",
    "message": "The title has the character !, which is not allowed there.",
    "severity": "error",
    "bullet": None,
    "start": 12,
    "end": 13,
}
_LATER_PARTS = [
    {
        "name": "completeness",
        "weight": 20,
        "value": 0.5,
        "points": 10.75,
        "says": "More would be read of: description, attributes, length of bullets.",
    },
    {"name": "readability", "weight": 10, "value": 0.9, "points": 9.68, "says": "The texts read easily."},
    {
        "name": "benefits",
        "weight": 8,
        "value": 0.3333,
        "points": 2.87,
        "says": "1 bullet says what a buyer has of it.",
    },
    {"name": "reviews", "weight": 7, "value": None, "points": 0.0, "says": "No reviews were analysed."},
]
_PARTS_BEFORE = [
    {
        "name": "rules",
        "weight": 30,
        "value": 0.8465,
        "points": 27.31,
        "says": "1 error and 0 warnings by the marketplace's rules.",
    },
    {"name": "keywords", "weight": 25, "value": 0.5, "points": 13.44, "says": "6 of 12 keywords stand in the texts."},
    *_LATER_PARTS,
]
_PARTS_AFTER = [
    {
        "name": "rules",
        "weight": 30,
        "value": 1.0,
        "points": 32.26,
        "says": "0 errors and 0 warnings by the marketplace's rules.",
    },
    {
        "name": "keywords",
        "weight": 25,
        "value": 0.75,
        "points": 20.16,
        "says": "9 of 12 keywords stand in the texts.",
    },
    *_LATER_PARTS,
]

EXAMPLE = {
    "params": {
        "skus": ["SKU-001", "SKU-002"],
        "marketplace": "amazon_us",
        "apply": False,
        "fields": ["title", "bullets", "description", "search_terms"],
        "assistant": None,
        "max_cost": None,
        "limit": 1000,
    },
    "result": {
        "processed_count": 1,
        "updated_count": 1,
        "applies_to": "catalogue",
        "assistant": None,
        "budget_exceeded": False,
        "cost": 0.0,
        "tokens": {"input": 0, "output": 0},
        "listings": [
            {
                "sku": "SKU-001",
                "source": "rules",
                "fallback": None,
                "score_before": {"total": 64.1, "parts": _PARTS_BEFORE},
                "score_after": {"total": 75.7, "parts": _PARTS_AFTER},
                "proposals": [
                    {
                        "field": "title",
                        "current": "Steel bottle!",
                        "proposed": "Acme Steel Bottle 0.7 l",
                        "diff": [
                            {"kind": "removed", "text": "Steel bottle!"},
                            {"kind": "added", "text": "Acme Steel Bottle 0.7 l"},
                        ],
                        "reasons": [_FIXED["message"], "The title names the brand first."],
                        "keywords_gained": ["steel bottle 0.7 l"],
                        "violations_fixed": [_FIXED],
                        "score_change": 11.6,
                        "applied": False,
                    }
                ],
                "violations": [_FIXED],
                "remaining_violations": [],
                "missing_keywords": [
                    {
                        "keyword": "leakproof bottle",
                        "weight": 0.71,
                        "volume": 5400,
                        "use": "suggestion",
                        "reason": "Your data do not say “leakproof”. Add it to them if it is true.",
                    }
                ],
                "warnings": [
                    {
                        "kind": "complaint",
                        "message": "4 reviews criticise the lid. Better texts do not settle that: look at the "
                        "product.",
                        "quote": "The lid cracked after a week.",
                        "count": 4,
                    }
                ],
                "refusals": [],
            }
        ],
        "failures": [],
        "skipped": [{"sku": "SKU-002", "reason": "NO_LISTING", "detail": "Import the product's listing first."}],
    },
}


def admit(params: ListingParams, tenant_id: int) -> None:
    """Raises MarketplaceNotConfigured and AssistantNotConfigured."""
    connections.admit(params.marketplace, tenant_id)
    if params.assistant is not None:
        assistants.admit([params.assistant], tenant_id)


register(
    JobType(
        name="listing_optimize",
        description="Score listings by the marketplace's rules and what shoppers look for, and propose better texts.",
        params=ListingParams,
        result=ListingResult,
        limits=LIMITS,
        run="workers.jobs.listing_optimize.run.run",
        estimate_cost="workers.jobs.listing_optimize.costs.estimate_cost",
        present="workers.jobs.listing_optimize.presenting.present",
        admit=admit,
        example=EXAMPLE,
    )
)
