from collections.abc import Iterator
from typing import Any

import pytest

from aijobs.models import Tenant, Webhook
from aijobs.webhooks import endpoints
from aijobs.webhooks.endpoints import Definition, Shown
from tests.aijobs.webhooks.receiver import Receiver, receiver
from tests.factories import TenantFactory

LINK_BASE = "https://jobs.example.com"


@pytest.fixture
def endpoint(settings: Any) -> Iterator[Receiver]:
    """A server that webhooks may reach."""
    with receiver() as made:
        settings.AIJOBS_OUTBOUND_ALLOW = [f"webhook:{made.address}"]
        yield made


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant: Tenant = TenantFactory()
    return tenant


def subscribe(tenant: Tenant, url: str, *events: str, enabled: bool = True) -> Shown:
    """A webhook of the tenant's; of everything, unless events are named."""
    wanted = events or ("job.queued", "job.started", "job.retried", "job.completed", "job.failed", "job.cancelled")
    return endpoints.create(tenant.pk, Definition(url, wanted, "", enabled), LINK_BASE)


def again(webhook: Webhook) -> Webhook:
    """As it is stored now."""
    return Webhook.objects.get(pk=webhook.pk)
