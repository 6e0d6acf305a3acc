"""Rows for tests, made by factory-boy."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.auth import create_key
from aijobs.models import BUCKETS, ApiKey, DayUsage, HourRollup, MinuteRollup, Schedule, Tenant, TotalRollup, Worker
from aijobs.states import QUEUES, Missed, Overlap, Priority, Status, TemplateKind
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Product, Return, Review

ALL_SCOPES = (
    "ai-jobs:write",
    "ai-jobs:read",
    "catalogue:write",
    "catalogue:read",
    "marketplaces:write",
    "marketplaces:read",
    "assistants:write",
    "assistants:read",
    "webhooks:write",
    "webhooks:read",
)


class TenantFactory(factory.django.DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant

    name = factory.Sequence(lambda number: f"shop-{number}")


class ScheduleFactory(factory.django.DjangoModelFactory[Schedule]):
    """Hourly, and due since `due`, which is a minute ago."""

    class Meta:
        model = Schedule

    class Params:
        due = factory.LazyFunction(lambda: now().replace(microsecond=0) - timedelta(minutes=1))

    id = factory.LazyFunction(identifiers.new_id)
    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda number: f"schedule {number}")
    interval_seconds = 3_600
    anchor = factory.SelfAttribute("due")
    timezone = "UTC"
    template_kind = TemplateKind.JOB
    template = factory.LazyFunction(lambda: {"type": "test_probe", "params": {"label": "of a schedule"}})
    overlap = Overlap.SKIP
    missed = Missed.SKIP
    missed_window_seconds = 3_600
    jitter_seconds = 0
    next_due_at = factory.SelfAttribute("due")
    wake_at = factory.SelfAttribute("next_due_at")


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    class Meta:
        model = Product

    tenant = factory.SubFactory(TenantFactory)
    marketplace = "amazon_us"
    sku = factory.Sequence(lambda number: f"SKU-{number:03d}")
    title = factory.LazyAttribute(lambda made: f"Title of {made.sku}")
    price = Decimal("19.99")


class ReviewFactory(factory.django.DjangoModelFactory[Review]):
    """A new one. `analysed_with` and what goes with it make it an analysed one."""

    class Meta:
        model = Review

    product = factory.SubFactory(ProductFactory)
    tenant = factory.SelfAttribute("product.tenant")
    marketplace = factory.SelfAttribute("product.marketplace")
    external_id = factory.Sequence(lambda number: f"R{number}")
    rating = 4
    title = "Good"
    body = "It works as it should, and it arrived in two days."
    created_at = datetime(2026, 3, 12, tzinfo=UTC)


class ReturnFactory(factory.django.DjangoModelFactory[Return]):
    """A new one. `classified_with` and what goes with it make it a classified one."""

    class Meta:
        model = Return

    product = factory.SubFactory(ProductFactory)
    tenant = factory.SelfAttribute("product.tenant")
    marketplace = factory.SelfAttribute("product.marketplace")
    return_id = factory.Sequence(lambda number: f"RMA-{number}")
    date = date(2026, 3, 12)
    reason_code = "DEFECTIVE"
    comment = "It stopped working after a week."


class ListingFactory(factory.django.DjangoModelFactory[Listing]):
    class Meta:
        model = Listing

    product = factory.SubFactory(ProductFactory)
    tenant = factory.SelfAttribute("product.tenant")
    marketplace = factory.SelfAttribute("product.marketplace")
    title = "Steel bottle 0.7 l"
    bullets = factory.LazyFunction(lambda: ["Keeps tea warm for twelve hours", "Fits every cup holder"])
    description = "A bottle of steel."


class CompetitorListingFactory(factory.django.DjangoModelFactory[CompetitorListing]):
    class Meta:
        model = CompetitorListing

    tenant = factory.SubFactory(TenantFactory)
    marketplace = "amazon_us"
    external_id = factory.Sequence(lambda number: f"B0{number:08d}")
    brand = "Rivalware"
    title = "Insulated bottle 0.7 l"


class KeywordFactory(factory.django.DjangoModelFactory[Keyword]):
    class Meta:
        model = Keyword

    tenant = factory.SubFactory(TenantFactory)
    marketplace = "amazon_us"
    keyword = factory.Sequence(lambda number: f"bottle {number}")


class WorkerFactory(factory.django.DjangoModelFactory[Worker]):
    """A worker that has just said that it is there, and takes from all lanes."""

    class Meta:
        model = Worker

    id = factory.Sequence(lambda number: f"jobs-1:{number}:a1b2")
    name = "worker@jobs-1"
    host = "jobs-1"
    queues = factory.LazyFunction(lambda: list(QUEUES.values()))
    places = 2
    version = "0.1.0"


class MinuteRollupFactory(factory.django.DjangoModelFactory[MinuteRollup]):
    """Jobs of one minute that ended alike, without their times."""

    class Meta:
        model = MinuteRollup

    start = datetime(2026, 3, 12, 10, 30, tzinfo=UTC)
    type = "test_probe"
    lane = Priority.NORMAL
    end = Status.COMPLETED
    error_code = ""
    count = 1
    waiting = factory.LazyFunction(lambda: [0] * BUCKETS)
    running = factory.LazyFunction(lambda: [0] * BUCKETS)
    waiting_seconds = 0.0
    running_seconds = 0.0


class HourRollupFactory(MinuteRollupFactory):
    """Jobs of one hour."""

    class Meta:
        model = HourRollup

    start = datetime(2026, 3, 12, 10, tzinfo=UTC)


class DayUsageFactory(factory.django.DjangoModelFactory[DayUsage]):
    """Jobs of one day that ended alike."""

    class Meta:
        model = DayUsage

    tenant = factory.SubFactory(TenantFactory)
    day = date(2026, 3, 12)
    type = "test_probe"
    end = Status.COMPLETED
    count = 1
    running_seconds = 1.5
    cost = Decimal(0)


class TotalRollupFactory(MinuteRollupFactory):
    """Jobs since the beginning."""

    class Meta:
        model = TotalRollup

    start = datetime(1970, 1, 1, tzinfo=UTC)


def key_for(*tenants: Tenant, scopes: tuple[str, ...] = ALL_SCOPES, **more: Any) -> tuple[ApiKey, str]:
    """A key of these tenants, and its secret."""
    return create_key(tenants, scopes, **more)
