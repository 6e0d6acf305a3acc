from workers.changes.models.changes import EXPIRES_AFTER, OPEN, Change, ChangeQuerySet, ChangeStatus
from workers.changes.models.decisions import StoredDecision
from workers.changes.models.policies import RepricingPolicy, policy_of

__all__ = [
    "EXPIRES_AFTER",
    "OPEN",
    "Change",
    "ChangeQuerySet",
    "ChangeStatus",
    "RepricingPolicy",
    "StoredDecision",
    "policy_of",
]
