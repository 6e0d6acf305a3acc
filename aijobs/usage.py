"""What a tenant has used, by day and type, and what is left of its queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.conf import settings

from aijobs.auth import TenantAccess
from aijobs.models import DayUsage, TenantCapacity
from aijobs.states import TERMINAL


@dataclass(frozen=True, slots=True)
class Used:
    """The jobs of a type that ended on a day, by their ends, zeros included."""

    day: date
    type: str
    jobs: dict[str, int]
    run_seconds: float
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Quota:
    """How many jobs may be queued and running, and are."""

    limit: int
    used: int

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)


def by_day(tenant_id: int, start: date, end: date) -> Iterator[Used]:
    """Of these days, both included, in order. What ended in the last seconds is not counted yet."""
    rows = DayUsage.objects.filter(tenant_id=tenant_id, day__range=(start, end)).order_by("day", "type")
    for (day, kind), found in groupby(rows, lambda row: (row.day, row.type)):
        ends = list(found)
        jobs = {status.value: 0 for status in sorted(TERMINAL)} | {row.end: row.count for row in ends}
        # As a sum of floats it has digits that were never measured.
        running = round(sum(row.running_seconds for row in ends), 3)
        yield Used(day, kind, jobs, running, sum((row.cost for row in ends), Decimal(0)))


def quota(tenant: TenantAccess) -> Quota:
    """Of the tenant's own limit. That of all tenants together may be reached before."""
    limit = settings.AIJOBS_TENANT_QUEUE_LIMIT if tenant.queue_limit is None else tenant.queue_limit
    counted = TenantCapacity.objects.filter(tenant_id=tenant.id).order_by("-id").values_list("active", flat=True)
    return Quota(limit, counted.first() or 0)
