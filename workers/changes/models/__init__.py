from workers.changes.models.changes import EXPIRES_AFTER, OPEN, PriceChange, PriceChangeQuerySet, PriceChangeStatus
from workers.changes.models.decisions import PricingDecision
from workers.changes.models.policies import RepricingPolicy

__all__ = [
    "EXPIRES_AFTER",
    "OPEN",
    "PriceChange",
    "PriceChangeQuerySet",
    "PriceChangeStatus",
    "PricingDecision",
    "RepricingPolicy",
]
