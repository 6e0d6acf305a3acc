"""The tenants of a benchmark, and the keys of their callers."""

from dataclasses import dataclass

from aijobs.models import Job, Tenant
from aijobs.states import QUEUES
from tests.benchmarks.site import Site
from tests.factories import TenantFactory, key_for

# A seller's system with many shops has one key for all of them.
TENANTS_PER_KEY = 20


@dataclass(frozen=True)
class Callers:
    tenants: list[Tenant]
    # What a request of each tenant says of itself.
    headers: list[dict[str, str]]

    @classmethod
    def create(cls, count: int, release_window: int | None = None) -> "Callers":
        tenants: list[Tenant] = [TenantFactory(release_window=release_window) for _ in range(count)]
        headers = []
        for first in range(0, count, TENANTS_PER_KEY):
            group = tenants[first : first + TENANTS_PER_KEY]
            key = key_for(*group)[1]
            headers += [{"Authorization": f"Bearer {key}", "X_Tenant_ID": tenant.name} for tenant in group]
        return cls(tenants, headers)

    def require_published(self, site: Site, jobs: int) -> None:
        """Every request made its jobs, and every job a message: nothing was measured that did less."""
        messages = sum(int(site.valkey.llen(queue)) for queue in QUEUES.values())
        rows = Job.objects.count()
        assert rows == messages >= jobs, f"{jobs} jobs accepted, {rows} rows, {messages} messages"
