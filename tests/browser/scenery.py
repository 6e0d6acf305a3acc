"""A busy hour for the front page: tenants with jobs in every state, workers, and what ended in the last week."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import (
    BUCKETS,
    HourRollup,
    Job,
    MinuteRollup,
    QueueStatistics,
    ScheduleRun,
    Tenant,
    Webhook,
    WebhookDelivery,
    Worker,
)
from aijobs.states import DeliveryStatus, Priority, RunOutcome, RunTrigger, Status
from tests import engine
from tests.factories import ScheduleFactory, TenantFactory

Rolled = TypeVar("Rolled", MinuteRollup, HourRollup)
TYPES = {"competitor_scan": 60, "listing_optimize": 8, "pricing_recalculate": 90, "review_sentiment": 44}
LANES = {name: Priority(number % 3) for number, name in enumerate(TYPES)}
FAILED = {"competitor_scan": "MARKETPLACE_UNAVAILABLE", "review_sentiment": "WORKER_TIMEOUT"}
VERSION = "0.1.0+5f2c9a1e"


def busy_hour() -> None:
    """The same each time but for the clock."""
    chance = random.Random(7)
    _tenants(chance)
    _schedules()
    _webhooks()
    _processes()
    _ended(chance, now().replace(second=0, microsecond=0))
    depths = {str(lane.value): depth for lane, depth in zip(Priority, (310, 84, 6), strict=True)}
    QueueStatistics.objects.create(refreshed_at=now(), active=400, depths=depths, drain_rate=0.9, medians={})


def _tenants(chance: random.Random) -> None:
    for name, count in {"northfield": 14, "alpenglow": 9, "kite-and-co": 6, "oakridge": 4}.items():
        tenant = TenantFactory(name=name)
        failed = engine.dispatch(tenant, 3, type="competitor_scan", params={"marketplace": "amazon_de", "all": True})
        for job_id in failed:
            engine.fail(engine.start(job_id))
        Job.objects.filter(id__in=failed).update(error_code=FAILED["competitor_scan"])
        for priority in Priority:
            ids = engine.dispatch(tenant, count, type=chance.choice(list(TYPES)), priority=priority)
            engine.let_wait(ids, chance.randrange(5, 200))
        engine.start(ids[0])
        engine.start(ids[1])
    # What is running now is as much as may.
    Tenant.objects.filter(name="kite-and-co").update(max_running=2)


def _schedules() -> None:
    at = now().replace(second=0, microsecond=0)
    shop = Tenant.objects.get(name="northfield")
    for number, name in enumerate(["nightly repricing", "competitors", "reviews of the week"]):
        made = ScheduleFactory(tenant=shop, name=name, due=at + timedelta(minutes=20 + 45 * number))
    ScheduleRun.objects.create(
        schedule=made,
        tenant=shop,
        due_at=at - timedelta(hours=3),
        trigger=RunTrigger.DUE,
        outcome=RunOutcome.MISSED,
        reason="LATE",
        detail="The service was not running at this time, or was too late for it.",
    )


def _webhooks() -> None:
    """One whose endpoint does not answer."""
    since, told = now() - timedelta(minutes=30), "The endpoint answered with the status 503."
    webhook = Webhook.objects.create(
        id=identifiers.new_id(),
        tenant=Tenant.objects.get(name="northfield"),
        url="https://shop.northfield.example.com/hooks/what-happened-to-our-jobs?from=ai-jobs",
        events=["job.completed", "job.failed"],
        link_base="https://jobs.example.com",
        since=0,
        failures=3,
        failing_since=since,
        last_error=told,
    )
    attempt = {"at": since.isoformat(timespec="milliseconds"), "status": 503, "error": None, "seconds": 0.21}
    WebhookDelivery.objects.create(
        id=identifiers.new_id(),
        webhook=webhook,
        tenant=webhook.tenant,
        job=Job.objects.filter(tenant=webhook.tenant).first(),
        seq=3,
        type="job.completed",
        event_id="evt_01M8FGMK1QBFR1QQ9D1C2RX97R_3",
        body='{"id": "evt_01M8FGMK1QBFR1QQ9D1C2RX97R_3", "type": "job.completed", "data": {"status": "completed"}}',
        status=DeliveryStatus.PENDING,
        due_at=now() + timedelta(hours=1),
        attempts=3,
        attempted_at=since,
        url=webhook.url,
        response_status=503,
        error_code="REFUSED",
        error_message=told,
        seconds=0.21,
        log=[attempt] * 3,
    )


def _processes() -> None:
    lanes = ["ai-jobs.high", "ai-jobs.normal", "ai-jobs.low"]
    rows = [
        (engine.WORKER, "worker@jobs-1", lanes, 8, 3),
        ("jobs-2:17:a1", "worker@jobs-2", lanes, 8, 11),
        ("jobs-1:18:a1", "settler@jobs-1", ["ai-jobs.changes"], 2, None),
        ("jobs-1:19:a1", "control@jobs-1", ["ai-jobs.control"], 1, None),
        ("jobs-1:20:a1", "beat@jobs-1", [], 1, None),
    ]
    for identity, name, queues, places, claimed in rows:
        Worker.objects.create(
            id=identity,
            name=name,
            host=name.partition("@")[2],
            queues=queues,
            places=places,
            version=VERSION,
            # Not silent for as long as anybody looks.
            seen_at=now() + timedelta(hours=1),
            last_claim_at=None if claimed is None else now() - timedelta(seconds=claimed),
        )


def _ended(chance: random.Random, minute: datetime) -> None:
    hour = minute.replace(minute=0)
    minutes = [minute - timedelta(minutes=ago) for ago in range(60)]
    hours = [hour - timedelta(hours=ago) for ago in range(2, 170)]
    for name, busy in TYPES.items():
        MinuteRollup.objects.bulk_create(
            row for start in minutes for row in _rolled(MinuteRollup, start, name, chance.randrange(busy // 2, busy))
        )
        HourRollup.objects.bulk_create(
            row for start in hours for row in _rolled(HourRollup, start, name, chance.randrange(30 * busy, 60 * busy))
        )


def _rolled(model: type[Rolled], start: datetime, name: str, count: int) -> Iterator[Rolled]:
    """Nine in ten take about as long as the others of their type, and one in ten sixteen times that."""
    bucket = 10 + TYPES[name] % 7
    running: list[int] = [0] * BUCKETS
    running[bucket] = running[bucket + 1] = count // 2
    running[bucket + 8] = count // 10
    same = {"start": start, "type": name, "lane": LANES[name], "waiting_seconds": 0.0, "running_seconds": 0.0}
    none = {"waiting": [0] * BUCKETS, "running": [0] * BUCKETS}
    yield model(**same, end=Status.COMPLETED, count=count, waiting=[0, 0, *running[:-2]], running=running)
    if name in FAILED and (failed := count // 24):
        yield model(**same, **none, count=failed, end=Status.FAILED, error_code=FAILED[name])
    if count % 11 == 0:
        yield model(**same, **none, count=1, end=Status.CANCELLED)
