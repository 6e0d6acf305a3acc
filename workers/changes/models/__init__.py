from workers.changes.models.changes import (
    EXPIRES_AFTER,
    IMPORTED,
    OPEN,
    Change,
    ChangeQuerySet,
    ChangeStatus,
    ReadBack,
)
from workers.changes.models.decisions import StoredDecision, StoredPart
from workers.changes.models.imported import RECORD_IMPORTED_LISTINGS, RECORD_IMPORTED_PRICES
from workers.changes.models.pauses import Pause
from workers.changes.models.policies import ListingPolicy, RepricingPolicy, listing_policy_of, policy_of

__all__ = [
    "EXPIRES_AFTER",
    "IMPORTED",
    "OPEN",
    "RECORD_IMPORTED_LISTINGS",
    "RECORD_IMPORTED_PRICES",
    "Change",
    "ChangeQuerySet",
    "ChangeStatus",
    "ListingPolicy",
    "Pause",
    "ReadBack",
    "RepricingPolicy",
    "StoredDecision",
    "StoredPart",
    "listing_policy_of",
    "policy_of",
]
