from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from aijobs.engine import reconciliation


@pytest.fixture
def valkey(db: None) -> Iterator[Redis]:
    """The real broker, empty; and a sweeper that has not looked into it yet."""
    reconciliation.forget()
    with Redis.from_url(settings.BROKER_URL) as client:
        client.flushall()
        yield client
