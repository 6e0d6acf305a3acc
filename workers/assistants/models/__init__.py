from workers.assistants.models.answers import StoredAnswer
from workers.assistants.models.connections import Connection
from workers.assistants.models.spending import Account, Budget, MonthlyUsage, Reservation

__all__ = ["Account", "Budget", "Connection", "MonthlyUsage", "Reservation", "StoredAnswer"]
