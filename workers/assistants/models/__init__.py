from workers.assistants.models.answers import StoredAnswer
from workers.assistants.models.baselines import Baseline
from workers.assistants.models.connections import Connection
from workers.assistants.models.spending import Account, Budget, MonthlyUsage, Reservation

__all__ = ["Account", "Baseline", "Budget", "Connection", "MonthlyUsage", "Reservation", "StoredAnswer"]
