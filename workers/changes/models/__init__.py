from workers.changes.models.changes import EXPIRES_AFTER, OPEN, Change, ChangeQuerySet, ChangeStatus, ReadBack
from workers.changes.models.decisions import StoredDecision
from workers.changes.models.pauses import Pause
from workers.changes.models.policies import RepricingPolicy, policy_of

__all__ = [
    "EXPIRES_AFTER",
    "OPEN",
    "Change",
    "ChangeQuerySet",
    "ChangeStatus",
    "Pause",
    "ReadBack",
    "RepricingPolicy",
    "StoredDecision",
    "policy_of",
]
