"""The tenants of a benchmark, and their keys."""

from dataclasses import dataclass

from aijobs.models import Job, Tenant
from aijobs.states import QUEUES
from tests.benchmarks.site import Site
from tests.factories import TenantFactory, key_for


@dataclass(frozen=True)
class Callers:
    tenants: list[Tenant]
    keys: list[str]

    @classmethod
    def create(cls, count: int) -> "Callers":
        tenants: list[Tenant] = [TenantFactory() for _ in range(count)]
        return cls(tenants, [key_for(tenant)[1] for tenant in tenants])

    def require_published(self, site: Site, requests: int) -> None:
        """Every request made a job, and every job a message: nothing was measured that did less."""
        messages = sum(int(site.valkey.llen(queue)) for queue in QUEUES.values())
        jobs = Job.objects.count()
        assert jobs == messages >= requests, f"{requests} requests, {jobs} jobs, {messages} messages"
