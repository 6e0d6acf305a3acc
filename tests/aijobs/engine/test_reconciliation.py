"""The broker holds one message for each released job: what is lost comes back, what is stale goes."""

import time
from collections import Counter

import pytest
from django.conf import settings
from redis import Redis

from aijobs.engine import broker, lifecycle, reconciliation
from aijobs.engine.reconciliation import GRACE_SECONDS, reconcile
from aijobs.states import QUEUES, Priority
from tests import engine
from tests.aijobs.engine.messages import messages
from tests.factories import TenantFactory
from workers import periodic, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _epoch(valkey: Redis) -> None:
    """A broker that runs since before the test."""
    broker.remember()


def ids_in_the_broker(valkey: Redis) -> Counter[str]:
    return Counter(job_id for priority in Priority for job_id in messages(valkey, priority))


def test_broker_that_restarted_empty_gets_everything_again_at_once(valkey: Redis) -> None:
    ids = engine.dispatch(TenantFactory(), 3)
    valkey.flushall()
    reconcile()
    assert ids_in_the_broker(valkey) == Counter(str(job_id) for job_id in ids)


def test_new_broker_gets_no_second_copies(valkey: Redis) -> None:
    valkey.flushall()
    ids = engine.dispatch(TenantFactory(), 3)
    reconcile()
    assert ids_in_the_broker(valkey) == Counter(str(job_id) for job_id in ids)


def test_single_lost_message_is_published_again(valkey: Redis) -> None:
    ids = engine.dispatch(TenantFactory(), 3)
    valkey.rpop(QUEUES[Priority.NORMAL])
    engine.let_wait(ids, GRACE_SECONDS + 1)
    reconcile()
    assert ids_in_the_broker(valkey) == Counter(str(job_id) for job_id in ids)
    assert messages(valkey)[-1] == str(ids[0])


def test_message_of_a_moment_ago_is_not_missed_yet(valkey: Redis) -> None:
    engine.dispatch(TenantFactory(), 3)
    valkey.rpop(QUEUES[Priority.NORMAL])
    reconcile()
    assert len(messages(valkey)) == 2


def test_lost_message_does_not_hide_behind_a_stale_one(valkey: Redis) -> None:
    """Two released rows, two messages: only the one of a cancelled job is there twice."""
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 3)
    valkey.rpop(QUEUES[Priority.NORMAL])
    lifecycle.cancel(ids[1], tenant.pk)
    engine.let_wait(ids, GRACE_SECONDS + 1)
    reconcile()
    assert ids_in_the_broker(valkey) == Counter([str(ids[0]), str(ids[2])])


def test_lost_message_is_found_while_workers_hold_others(valkey: Redis) -> None:
    """Messages of running jobs stay unacknowledged: they stand for no job that waits."""
    ids = engine.dispatch(TenantFactory(), 3)
    _hand_out(valkey, handed_out_ago=1.0)
    engine.start(ids[0])
    valkey.rpop(QUEUES[Priority.NORMAL])
    engine.let_wait(ids, GRACE_SECONDS + 1)
    reconcile()
    assert messages(valkey) == [str(ids[2]), str(ids[1])]


def test_message_that_a_worker_has_just_taken_is_not_lost(valkey: Redis) -> None:
    ids = engine.dispatch(TenantFactory())
    _hand_out(valkey, handed_out_ago=1.0)
    engine.let_wait(ids, GRACE_SECONDS + 1)
    reconcile()
    assert messages(valkey) == []


def test_message_that_a_worker_took_and_never_claimed_is_lost(valkey: Redis) -> None:
    ids = engine.dispatch(TenantFactory())
    _hand_out(valkey, handed_out_ago=settings.AIJOBS_LEASE_SECONDS + 1)
    engine.let_wait(ids, settings.AIJOBS_LEASE_SECONDS + 1)
    reconcile()
    assert messages(valkey) == [str(ids[0])]


def test_second_copies_are_taken_out(valkey: Redis) -> None:
    ids = engine.dispatch(TenantFactory(), 3)
    for raw in valkey.lrange(QUEUES[Priority.NORMAL], 0, -1):
        valkey.lpush(QUEUES[Priority.NORMAL], raw)
    reconcile()
    assert messages(valkey) == [str(job_id) for job_id in ids]


@pytest.mark.parametrize("foreign", [b'{"body": "?", "headers": {}}', b"no JSON", b"[]", b"null", b"\xff"])
def test_message_of_another_make_stops_nothing(valkey: Redis, foreign: bytes) -> None:
    ids = engine.dispatch(TenantFactory(), 2)
    valkey.lpush(QUEUES[Priority.NORMAL], foreign)
    valkey.rpop(QUEUES[Priority.NORMAL])
    engine.let_wait(ids, GRACE_SECONDS + 1)
    reconcile()
    assert broker.count() == 3


def test_messages_that_are_no_jobs_are_left_alone(valkey: Redis) -> None:
    """Those of the settler: it is beat that sends them again."""
    engine.dispatch(TenantFactory(), 2)
    tasks.settle_changes.apply_async((1, "amazon_us"), queue=tasks.CHANGES_QUEUE)
    reconcile()
    assert broker.count() == 2
    assert valkey.llen(tasks.CHANGES_QUEUE) == 1


def test_counts_that_agree_are_trusted_for_a_minute(valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.dispatch(TenantFactory(), 3)
    reconcile()
    with monkeypatch.context() as patch:
        patch.setattr(broker, "messages", lambda patience: pytest.fail("the messages were read"))
        reconcile()
    reconciliation.pace.latest -= reconciliation.LOOK_ANYWAY_SECONDS
    looked: list[float] = []

    def messages_of(patience: float) -> list[broker.Message]:
        looked.append(patience)
        return []

    monkeypatch.setattr(broker, "messages", messages_of)
    reconcile()
    assert looked == [settings.AIJOBS_LEASE_SECONDS]


@pytest.mark.parametrize(
    ("count", "step", "sweeps"), [(48, 600, 2), pytest.param(2_000, 300, 6, id="long", marks=pytest.mark.long)]
)
def test_backlog_of_hours_is_published_once(valkey: Redis, count: int, step: int, sweeps: int) -> None:
    """Three windows, or more, of each of four tenants in each of three lanes wait for an hour. Nobody takes a job.

    A real sweeper comes every second; these sweeps in so many seconds are enough to promote everything in time.
    """
    tenants = [TenantFactory() for _ in range(4)]
    ids = [
        job_id
        for tenant in tenants
        for priority in Priority
        for job_id in engine.dispatch(tenant, count, priority=priority)
    ]
    windows = len(tenants) * settings.AIJOBS_RELEASE_WINDOW
    for _ in range(3600 // step):
        engine.let_wait(ids, step)
        for _ in range(sweeps):
            # As if the sweeper's own clock had gone on too.
            reconciliation.forget()
            periodic.sweep()
            in_the_broker = ids_in_the_broker(valkey)
            assert len(in_the_broker) == sum(in_the_broker.values()) <= len(Priority) * windows
    # After an hour everything has become urgent: one lane, one window a tenant.
    assert [len(messages(valkey, priority)) for priority in Priority] == [0, 0, windows]


def _hand_out(valkey: Redis, handed_out_ago: float) -> None:
    """What Kombu does when a worker takes a message and has not acknowledged it."""
    queue = QUEUES[Priority.NORMAL]
    raw = valkey.rpop(queue)
    assert isinstance(raw, bytes)
    valkey.hset("unacked", "tag", f'[{raw.decode()}, "", "{queue}"]')
    valkey.zadd("unacked_index", {"tag": time.time() - handed_out_ago})
