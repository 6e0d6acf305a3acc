"""Whether a message's chain goes on to the next member of its batch, or the rows say otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from celery.exceptions import Ignore
from django.conf import settings
from redis import Redis

from aijobs.engine import priorities
from aijobs.states import QUEUES, Priority
from tests import engine
from tests.aijobs.engine.messages import messages
from tests.factories import TenantFactory
from workers.tasks import run_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def valkey(db: None) -> Iterator[Redis]:
    with Redis.from_url(settings.BROKER_URL) as client:
        client.flushall()
        yield client


@contextmanager
def message_with(following: UUID, queue: str) -> Iterator[None]:
    """As if the worker had taken a message that carries this next one."""
    chain = [{"args": [str(following)], "options": {"queue": queue}}]
    run_job.push_request(chain=chain)  # type: ignore[call-arg]  # its stub knows no keywords
    try:
        yield
    finally:
        run_job.pop_request()


def test_the_chain_carries_the_next_member(valkey: Redis) -> None:
    _, (first, second) = engine.dispatch_batch(TenantFactory(), 2)
    with message_with(second, QUEUES[Priority.NORMAL]):
        run_job.run(str(first))
    assert messages(valkey) == [str(first)]


def test_a_next_member_of_another_priority_is_published_to_its_queue(valkey: Redis) -> None:
    """The message was made before the change, and would bring it to the queue that it has left."""
    tenant = TenantFactory()
    _, (first, second) = engine.dispatch_batch(tenant, 2)
    priorities.set_priority(second, tenant.pk, Priority.HIGH)
    with message_with(second, QUEUES[Priority.NORMAL]), pytest.raises(Ignore):
        run_job.run(str(first))
    assert messages(valkey, Priority.HIGH) == [str(second)]
