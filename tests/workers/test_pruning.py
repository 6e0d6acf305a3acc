"""What is kept no longer goes: little at a time, of every kind, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from aijobs import idempotency
from aijobs.models import IdempotencyKey, Tenant
from aijobs.retention import Step
from tests import engine
from tests.factories import TenantFactory
from workers import periodic, pruning
from workers.assistants.models import Baseline, Reservation, StoredAnswer
from workers.catalogue.models import Offer, Product, Scan
from workers.changes.models import StoredDecision, StoredPart

pytestmark = pytest.mark.django_db


def add_keys(tenant: Tenant, count: int, age: timedelta) -> None:
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(tenant=tenant, key=str(uuid4()), fingerprint=b"", answer="{}", created_at=now() - age)
        for _ in range(count)
    )


def add_history(product: Product, count: int, age: timedelta) -> None:
    moments = [now() - age - timedelta(seconds=number) for number in range(count)]
    Offer.objects.bulk_create(
        Offer(
            product=product,
            tenant=product.tenant,
            marketplace=product.marketplace,
            seller="Rival",
            fetched_at=moment,
            price=1,
            currency="USD",
        )
        for moment in moments
    )
    Scan.objects.bulk_create(
        Scan(product=product, job_id=uuid4(), scanned_at=moment, conditions=["new"], fetched=True, sellers=[])
        for moment in moments
    )


def add_decisions(count: int, age: timedelta) -> None:
    StoredDecision.objects.bulk_create(
        StoredDecision(job_id=uuid4(), result={}, created_at=now() - age) for _ in range(count)
    )
    StoredPart.objects.bulk_create(StoredPart(job_id=uuid4(), part={}, created_at=now() - age) for _ in range(count))


def add_answers(tenant: Tenant, count: int, age: timedelta) -> None:
    StoredAnswer.objects.bulk_create(
        StoredAnswer(
            tenant=tenant,
            job_id=uuid4(),
            day=now().date(),
            input_tokens=1,
            output_tokens=1,
            cost=1,
            created_at=now() - age,
        )
        for _ in range(count)
    )


def add_reservations(tenant: Tenant, count: int, age: timedelta) -> None:
    Reservation.objects.bulk_create(
        Reservation(tenant=tenant, month=now().date(), amount=1, expires_at=now() - age) for _ in range(count)
    )


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory()
    return tenant


@pytest.fixture
def product(tenant: Tenant) -> Product:
    return Product.objects.create(tenant=tenant, marketplace="amazon_us", sku="A", title="A", price=1)


@pytest.fixture
def fresh() -> pruning.Pruning:
    """Begins with the first kind."""
    return pruning.Pruning(pruning.KINDS)


def test_what_is_old_goes_and_what_is_young_stays(tenant: Tenant, product: Product, fresh: pruning.Pruning) -> None:
    kept = timedelta(days=settings.AIJOBS_OFFER_DAYS)
    hour = timedelta(hours=1)
    for sign, count in ((1, 3), (-1, 2)):
        add_keys(tenant, count, idempotency.LIFETIME + sign * hour)
        add_decisions(count, pruning.DECISIONS_KEPT + sign * hour)
        add_history(product, count, kept + sign * hour)
        add_answers(tenant, count, pruning.ANSWERS_KEPT + sign * hour)
        add_reservations(tenant, count, pruning.RESERVATIONS_KEPT + sign * hour)
    assert fresh.run(seconds=60) == 21
    for model in (IdempotencyKey, StoredDecision, StoredPart, Offer, Scan, StoredAnswer, Reservation):
        assert model.objects.count() == 2
    assert fresh.run(seconds=60) == 0


def test_a_job_that_others_are_compared_with_is_forgotten_when_it_is_gone(
    tenant: Tenant, fresh: pruning.Pruning
) -> None:
    [job_id] = engine.dispatch(tenant)
    Baseline.objects.bulk_create(
        Baseline(tenant=tenant, digest=bytes(32), job_id=each) for each in (job_id, uuid4(), uuid4())
    )
    assert fresh.run(seconds=60) == 2
    assert [each.job_id for each in Baseline.objects.all()] == [job_id]


def test_a_tenant_may_keep_its_offers_longer_or_shorter(product: Product, fresh: pruning.Pruning) -> None:
    days = timedelta(days=1)
    Tenant.objects.update(offer_days=5)
    long: Tenant = TenantFactory(offer_days=500)
    theirs = Product.objects.create(tenant=long, marketplace="amazon_us", sku="A", title="A", price=1)
    add_history(product, 1, 6 * days)
    add_history(product, 1, 4 * days)
    add_history(theirs, 1, 400 * days)
    fresh.run(seconds=60)
    assert sorted(Offer.objects.values_list("product", flat=True)) == sorted([product.pk, theirs.pk])
    assert Scan.objects.count() == 3


def test_a_run_goes_on_where_the_last_one_ended() -> None:
    """Even with no time at all each run has a step, so every kind gets its turn."""
    steps: list[str] = []

    def kind(name: str, more: bool) -> Callable[[], Step]:
        def step() -> Step:
            steps.append(name)
            return Step(1, more)

        return step

    pruned = pruning.Pruning([kind("a", True), kind("b", False), kind("c", True)])
    assert [pruned.run(seconds=0) for _ in range(4)] == [1, 1, 1, 1]
    assert steps == ["a", "b", "c", "a"]


def test_kinds_with_nothing_left_are_not_asked_again() -> None:
    left = {"a": 3, "b": 1}
    steps: list[str] = []

    def kind(name: str) -> Callable[[], Step]:
        def step() -> Step:
            steps.append(name)
            left[name] -= 1
            return Step(1, left[name] > 0)

        return step

    assert pruning.Pruning([kind("a"), kind("b")]).run(seconds=60) == 4
    assert steps == ["a", "b", "a", "a"]


def test_a_backlog_of_one_kind_keeps_no_other_waiting(
    tenant: Tenant, product: Product, fresh: pruning.Pruning
) -> None:
    long_ago = timedelta(days=1000)
    add_keys(tenant, 2500, long_ago)
    add_history(product, 2, long_ago)
    for _ in pruning.KINDS:
        fresh.run(seconds=0)
    assert (Offer.objects.count(), Scan.objects.count()) == (0, 0)
    assert IdempotencyKey.objects.count() == 1500


def test_no_statement_deletes_more_than_a_thousand_rows(tenant: Tenant, fresh: pruning.Pruning) -> None:
    add_keys(tenant, 2500, timedelta(days=1000))
    with CaptureQueriesContext(connection) as captured:
        assert fresh.run(seconds=60) == 2500
    deletes = [query["sql"] for query in captured if query["sql"].startswith("DELETE")]
    assert len(deletes) == 3


def test_beat_gives_it_a_fraction_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweeper waits in the same process."""
    given: list[float] = []
    monkeypatch.setattr(pruning, "prune", lambda seconds: given.append(seconds))
    periodic.prune()
    assert given == [0.15]
