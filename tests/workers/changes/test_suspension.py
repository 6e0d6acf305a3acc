"""A suspended tenant's changes and running jobs wait, and go on when it is active again."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.engine import lifecycle, queueing
from aijobs.models import Job, Tenant
from aijobs.outbound.pace import Pace
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products
from tests.workers.changes.jobs import dispatched, recommend, result_of, run
from tests.workers.changes.sessions import in_another_session, wait_until_blocked
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap, json_reply
from tests.workers.marketplaces.shops import SHOP, connect, prices, sell
from workers import periodic
from workers.catalogue.models import Product
from workers.changes import claims, settling
from workers.changes.deciding import Decision, Origin, decide
from workers.changes.kinds.price import Prices
from workers.changes.models import Change, Pause, RepricingPolicy, StoredDecision, policy_of
from workers.marketplaces import connections
from workers.marketplaces.connections import ChangesInProgress
from workers.marketplaces.models import Connection
from workers.running import execute

pytestmark = pytest.mark.django_db

WRITE = "UpdatePrice"


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify) -> Caller:
    """Sells A, B and C for 10 each in a shop that works."""
    connect(owner, shop)
    sell(owner, shop, A="10.00", B="10.00", C="10.00")
    return owner


def suspend(seller: Caller) -> None:
    Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=now())


def resume(seller: Caller) -> None:
    Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=None)


def decided(seller: Caller, **afters: str) -> None:
    """Decisions to change prices from 10, by a job that is over."""
    origin = Origin(seller.tenant.pk, SHOP, identifiers.new_id())
    decisions = [Decision(sku, Decimal(10), Decimal(after), "Because.") for sku, after in afters.items()]
    with transaction.atomic():
        decide(Prices(), origin, decisions)
    Change.objects.update(not_before=now() - engine.LONG_AGO)


def settle(seller: Caller) -> int:
    """The settler's message, which the worker has not had lately."""
    Connection.objects.update(settling_until=now() - engine.LONG_AGO)
    return settling.settle(seller.tenant.pk, SHOP)


def statuses() -> dict[str, str]:
    return dict(Change.objects.order_by("product__sku").values_list("product__sku", "status"))


def price(sku: str = "A") -> str:
    """In the catalogue."""
    return f"{Product.objects.get(sku=sku).price:.2f}"


def while_deciding(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Once, where the policy is asked for: under the locks of a decision, or after a price was read to be written."""
    pending = [happens]

    def asked(tenant_id: int) -> RepricingPolicy:
        if pending:
            pending.pop()()
        return policy_of(tenant_id)

    monkeypatch.setattr("workers.changes.kinds.price.policy_of", asked)


# --- The settler ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_open_changes_wait_while_the_tenant_is_suspended(status: str, seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    Change.objects.update(status=status)
    suspend(seller)
    assert (claims.due(), settle(seller), shop.operations) == ([], 0, [])
    assert statuses() == {"A": status}
    resume(seller)
    assert claims.due() == [claims.Due(seller.tenant.pk, SHOP)]
    settle(seller)
    assert (statuses(), prices(shop)["A"], price()) == ({"A": "applied"}, "9.00", "9.00")


def test_another_tenants_changes_do_not_wait(seller: Caller, outsider: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    suspend(outsider)
    assert settle(seller) == 1
    assert prices(shop)["A"] == "9.00"


def test_a_tenant_suspended_between_reading_and_writing_gets_no_write(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do the others that the settler had claimed; and all of them are free at once."""
    decided(seller, A="9", B="9", C="9")
    while_deciding(monkeypatch, lambda: suspend(seller))
    settle(seller)
    assert shop.admin.written == []
    assert statuses() == {"A": "pending", "B": "pending", "C": "pending"}
    assert not Change.objects.filter(not_before__gt=now()).exists()
    resume(seller)
    settle(seller)
    assert sorted(shop.admin.written) == ["9.00"] * 3


def test_a_tenant_suspended_while_the_write_waits_for_its_turn_gets_no_write(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop asks to come again later."""
    busy = json_reply({"errors": "busy"}, 429, Retry_After="0.1")
    shop.instead[WRITE] = [busy]
    decided(seller, A="9")
    wait = Pace.wait

    def suspended_meanwhile(pace: Pace, seconds: float) -> None:
        if seconds > 0:
            suspend(seller)
        wait(pace, seconds)

    monkeypatch.setattr(Pace, "wait", suspended_meanwhile)
    settle(seller)
    assert (statuses(), shop.operations.count(WRITE), shop.admin.written) == ({"A": "pending"}, 1, [])
    resume(seller)
    Change.objects.update(not_before=now() - engine.LONG_AGO)
    settle(seller)
    assert shop.admin.written == ["9.00"]


def test_what_may_have_been_sent_stays_unknown_while_it_waits(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.instead[WRITE] = [Mishap.LOST]
    decided(seller, A="9")
    settle(seller)
    Change.objects.update(not_before=now() - engine.LONG_AGO)
    while_deciding(monkeypatch, lambda: suspend(seller))
    settle(seller)
    assert (statuses(), shop.admin.written) == ({"A": "unknown"}, [])
    resume(seller)
    settle(seller)
    assert (statuses(), prices(shop)["A"]) == ({"A": "applied"}, "9.00")


# --- The hour after which what was not sent expires -------------------------------------------------------------


def age(hours: float) -> None:
    Change.objects.update(created_at=F("created_at") - timedelta(hours=hours))


def test_what_waited_for_its_suspended_tenant_has_an_hour_from_then(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.tasks.settle_changes.apply_async", lambda *_, **__: None)
    decided(seller, A="9", B="9")
    suspend(seller)
    age(30)
    periodic.settle_changes()
    assert statuses() == {"A": "pending", "B": "pending"}
    resume(seller)
    periodic.settle_changes()
    assert statuses() == {"A": "pending", "B": "pending"}
    settle(seller)
    assert (statuses(), prices(shop)["A"]) == ({"A": "applied", "B": "applied"}, "9.00")


def test_after_that_hour_it_expires(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    suspend(seller)
    age(30)
    assert settling.expire() == 0
    resume(seller)
    Pause.objects.update(seen_at=F("seen_at") - timedelta(minutes=50))
    assert settling.expire() == 0
    Pause.objects.update(seen_at=F("seen_at") - timedelta(minutes=11))
    assert settling.expire() == 1
    assert statuses() == {"A": "rejected"}


def test_a_suspension_is_noted_every_ten_seconds_and_of_those_only_that_wait(
    seller: Caller, outsider: Caller
) -> None:
    decided(seller, A="9")
    suspend(seller)
    suspend(outsider)
    settling.expire()
    noted = Pause.objects.get()
    assert noted.tenant_id == seller.tenant.pk
    settling.expire()
    assert Pause.objects.get().seen_at == noted.seen_at
    Pause.objects.update(seen_at=F("seen_at") - timedelta(seconds=11))
    settling.expire()
    assert Pause.objects.get().seen_at == noted.seen_at


def test_what_waits_for_a_suspended_tenant_keeps_its_connection(seller: Caller, shop: FakeShopify) -> None:
    """Staff may still change it, and else would have the changes closed after an hour."""
    decided(seller, A="9")
    suspend(seller)
    age(30)
    settling.expire()
    with pytest.raises(ChangesInProgress):
        connections.save(seller.tenant.pk, SHOP, "web", {}, None)


# --- Running jobs -----------------------------------------------------------------------------------------------


def waits(job: Job) -> bool:
    """Handed back at no cost, and not started while its tenant is suspended."""
    queueing.release_due()
    assert lifecycle.claim(job.id, engine.WORKER) is None
    return (job.status, job.failures, engine.kinds(job.id)[-1]) == ("queued", 0, "handed_back")


def goes_on(seller: Caller, job_id: UUID) -> Job:
    resume(seller)
    queueing.release_due()
    job = run(job_id)
    assert (job.status, job.failures, job.attempt) == ("completed", 0, 2)
    return job


def test_a_job_whose_tenant_is_suspended_while_it_computes_applies_nothing_in_the_catalogue(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_products(owner, "A")
    recommend(monkeypatch, lambda: suspend(owner), A=9.5)
    job_id = dispatched(owner, MARKETPLACE, "A")
    assert waits(run(job_id))
    assert (price(), Change.objects.exists()) == ("10.00", False)
    job = goes_on(owner, job_id)
    assert (price(), result_of(job)["updated_count"], statuses()) == ("9.50", 1, {"A": "applied"})


def test_a_job_whose_tenant_is_suspended_while_it_computes_decides_nothing_for_a_shop(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend(monkeypatch, lambda: suspend(seller), A=9.5)
    job_id = dispatched(seller, SHOP, "A")
    assert waits(run(job_id))
    assert not StoredDecision.objects.exists()
    goes_on(seller, job_id)
    assert (prices(shop)["A"], price()) == ("9.50", "9.50")


def test_a_job_whose_tenant_is_suspended_while_it_writes_goes_on_with_what_is_left(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend(monkeypatch, A=9.5, B=9.5, C=9.5)
    job_id = dispatched(seller, SHOP, "A", "B", "C")
    end = claims.end

    def suspended_after_the_first(*arguments: Any, **more: Any) -> bool:
        suspend(seller)
        return end(*arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(claims, "end", suspended_after_the_first)
        assert waits(run(job_id))
    # The first was on the wire.
    assert (statuses(), shop.admin.written) == ({"A": "applied", "B": "pending", "C": "pending"}, ["9.50"])
    job = goes_on(seller, job_id)
    assert shop.admin.written == ["9.50"] * 3
    assert (result_of(job)["updated_count"], result_of(job)["skipped"]) == (3, [])


def test_a_job_that_applies_nothing_ends_as_ever(owner: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant, params={"label": "x"})
    begun = engine.start(job_id)
    suspend(owner)
    engine.complete(begun)
    assert Job.objects.get(id=job_id).status == "completed"


# --- Two sessions -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_suspension_waits_for_a_job_that_is_applying(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    add_products(owner, "A")
    suspensions: list[Future[None]] = []

    def begin_to_suspend() -> None:
        suspensions.append(in_another_session(lambda: suspend(owner)))
        wait_until_blocked()
        assert not suspensions[0].done()

    recommend(monkeypatch, A=9.5)
    while_deciding(monkeypatch, begin_to_suspend)
    job = run(dispatched(owner, MARKETPLACE, "A"))
    suspensions[0].result(60)
    assert (job.status, price()) == ("completed", "9.50")


@pytest.mark.django_db(transaction=True)
def test_a_job_waits_for_a_suspension_and_then_sees_it(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    add_products(owner, "A")
    recommend(monkeypatch, A=9.5)
    begun = engine.start(dispatched(owner, MARKETPLACE, "A"))
    with transaction.atomic():
        suspend(owner)
        running = in_another_session(lambda: execute(begun))
        wait_until_blocked()
    running.result(60)
    assert waits(Job.objects.get(id=begun.id))
    assert (price(), Change.objects.exists()) == ("10.00", False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("request_of", ["apply", "revert"])
def test_a_request_whose_key_was_read_before_the_suspension_changes_nothing(request_of: str, owner: Caller) -> None:
    """It waits for the suspension that is being committed, and is refused as all later ones are."""
    add_products(owner, "A")
    job_id = identifiers.encode(identifiers.JOB_PREFIX, recommended(owner, 9.5))
    path, body = "/api/catalogue/price-changes", {"job_id": job_id}
    if request_of == "revert":
        [change] = owner.post(path, body).json()["data"]["applied"]
        path, body = f"{path}/{change['id']}/revert", {}
    before = price()
    # The key is known for five seconds from here.
    assert owner.get("/api/catalogue/price-changes").status_code == 200
    with transaction.atomic():
        suspend(owner)
        answer = in_another_session(lambda: owner.post(path, body or None))
        wait_until_blocked()
    assert (answer.result(60).status_code, answer.result().json()["error"]["code"]) == (403, "TENANT_SUSPENDED")
    assert price() == before


def recommended(owner: Caller, after: float) -> UUID:
    """A completed job that shows this price for A."""
    params = {"skus": ["A"], "marketplace": MARKETPLACE}
    [job_id] = engine.dispatch(owner.tenant, type="pricing_recalculate", params=params)
    shown = {"sku": "A", "current_price": 10.0, "recommended_price": after, "reasoning": "So."}
    engine.complete(engine.start(job_id), {"recommendations": [shown], "skipped": []})
    return job_id
