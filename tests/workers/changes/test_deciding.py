"""A decision is for the shop that it was computed on, whatever becomes of the connection meanwhile."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Job, JobEvent
from aijobs.outbound.pace import Pace
from tests import engine
from tests.clients import Caller
from tests.workers.changes.jobs import dispatched, recommend, run, run_again
from tests.workers.changes.sessions import in_another_session, wait_until_blocked
from tests.workers.marketplaces.shopify.server import FakeShopify, running
from tests.workers.marketplaces.shops import SHOP, connect, prices, sell
from workers.catalogue.models import Product
from workers.changes import settling
from workers.changes.deciding import ConnectionChanged, Decision, Origin, decide
from workers.changes.kinds.price import Prices
from workers.changes.models import Change, RepricingPolicy, policy_of
from workers.marketplaces import connections
from workers.marketplaces.connections import ChangesInProgress
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db(transaction=True)

WRITE = "UpdatePrice"


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify) -> Caller:
    """Sells A for 10 in a shop."""
    connect(owner, shop)
    sell(owner, shop, A="10.00")
    return owner


@pytest.fixture
def other(shop: FakeShopify, settings: Any) -> Iterator[FakeShopify]:
    """Another shop, which sells the same."""
    with running() as server:
        settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:{each.address}" for each in (shop, server)]
        server.admin.add("A", "10.00")
        yield server


def price() -> str:
    """In the catalogue."""
    return f"{Product.objects.get(sku='A').price:.2f}"


def made_again(seller: Caller, shop: FakeShopify) -> None:
    connections.delete(seller.tenant.pk, SHOP)
    connect(seller, shop)


# What may become of a connection, and where a job's price is in the end: in the other shop, or in the catalogue.
MOVES: dict[str, tuple[Callable[[Caller, FakeShopify], object], str]] = {
    "another shop": (connect, "other"),
    "competitors' pages": (lambda seller, _: connections.save(seller.tenant.pk, SHOP, "web", {}, None), "catalogue"),
    "none": (lambda seller, _: connections.delete(seller.tenant.pk, SHOP), "catalogue"),
    "another one of the name": (made_again, "other"),
}


@pytest.mark.parametrize("becomes", MOVES)
def test_a_job_whose_connection_became_another_starts_with_that_one(
    becomes: str, seller: Caller, shop: FakeShopify, other: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, where = MOVES[becomes]
    recommend(monkeypatch, lambda: in_another_session(lambda: move(seller, other)).result(60), A=9.5)
    job_id = dispatched(seller, SHOP, "A")
    job = run(job_id)
    assert (job.status, job.failures, Change.objects.exists(), price()) == ("queued", 1, False, "10.00")
    told = JobEvent.objects.get(job_id=job_id, kind="retried").data
    assert told is not None
    assert told["code"] == "CONNECTION_CHANGED"
    assert run_again(job_id).status == "completed"
    assert Change.objects.get().status == "applied"
    assert (prices(shop)["A"], prices(other)["A"], price()) == (
        "10.00",
        "9.50" if where == "other" else "10.00",
        "9.50",
    )


@pytest.mark.parametrize("stored", [True, False])
def test_a_price_of_the_catalogue_that_became_a_shops_is_not_applied_in_the_catalogue(
    stored: bool, owner: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marketplace has a connection for competitors' pages, or only products."""
    sell(owner, shop, A="10.00")
    if stored:
        connections.save(owner.tenant.pk, SHOP, "web", {}, None)
    recommend(monkeypatch, lambda: in_another_session(lambda: connect(owner, shop)).result(60), A=9.5)
    job_id = dispatched(owner, SHOP, "A")
    assert (run(job_id).status, price(), Change.objects.exists()) == ("queued", "10.00", False)
    assert run_again(job_id).status == "completed"
    assert (prices(shop)["A"], price()) == ("9.50", "9.50")


def test_the_last_attempt_fails_and_says_why(
    seller: Caller, other: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend(monkeypatch, lambda: in_another_session(lambda: connect(seller, other)).result(60), A=9.5)
    job_id = dispatched(seller, SHOP, "A")
    Job.objects.filter(id=job_id).update(failures=2)
    job = run(job_id)
    assert (job.status, job.error_code) == ("failed", "CONNECTION_CHANGED")
    assert "connection of shopify was changed" in job.error_message


@pytest.mark.parametrize("again", [True, False])
def test_renewed_credentials_are_no_other_shop(
    again: bool, seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job goes on with the new ones, also where the connection was removed and made again with them."""

    def renew() -> None:
        shop.token = "renewed"
        made_again(seller, shop) if again else connect(seller, shop)

    recommend(monkeypatch, lambda: in_another_session(renew).result(60), A=9.5)
    job = run(dispatched(seller, SHOP, "A"))
    assert (job.status, job.attempt) == ("completed", 1)
    assert (prices(shop)["A"], price(), Change.objects.get().status) == ("9.50", "9.50", "applied")


@pytest.mark.parametrize("becomes", ["another shop", "none"])
def test_a_connection_waits_for_a_job_that_decides_and_then_sees_its_changes(
    becomes: str, seller: Caller, shop: FakeShopify, other: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[Future[object]] = []

    def begin_to_move(tenant_id: int) -> RepricingPolicy:
        """Under the locks of the decision."""
        if not moves:
            moves.append(in_another_session(lambda: MOVES[becomes][0](seller, other)))
            wait_until_blocked()
        return policy_of(tenant_id)

    monkeypatch.setattr("workers.changes.kinds.price.policy_of", begin_to_move)
    recommend(monkeypatch, A=9.5)
    job = run(dispatched(seller, SHOP, "A"))
    with pytest.raises(ChangesInProgress):
        moves[0].result(60)
    assert (job.status, prices(shop)["A"], prices(other)["A"], price()) == ("completed", "9.50", "10.00", "9.50")


@pytest.mark.parametrize("becomes", ["another shop", "none"])
def test_a_job_waits_for_a_connection_that_is_being_changed_and_then_sees_it(
    becomes: str, seller: Caller, shop: FakeShopify, other: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing, go_on = Event(), Event()

    def change() -> None:
        with transaction.atomic():
            MOVES[becomes][0](seller, other)
            changing.set()
            assert go_on.wait(60)

    changes: list[Future[None]] = []

    def begin_to_change() -> None:
        changes.append(in_another_session(change))
        assert changing.wait(60)

    recommend(monkeypatch, begin_to_change, A=9.5)
    job_id = dispatched(seller, SHOP, "A")
    job = in_another_session(lambda: run(job_id))
    assert changing.wait(60)
    wait_until_blocked()
    go_on.set()
    changes[0].result(60)
    assert (job.result(60).status, Change.objects.exists(), price()) == ("queued", False, "10.00")


def test_recommendations_applied_later_go_to_the_shop_of_now(
    seller: Caller, shop: FakeShopify, other: FakeShopify
) -> None:
    """While the connection is being changed the request waits for it."""
    params = {"skus": ["A"], "marketplace": SHOP}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=params)
    shown = {"sku": "A", "current_price": 10.0, "recommended_price": 9.5, "reasoning": "So."}
    engine.complete(engine.start(job_id), {"recommendations": [shown], "skipped": []})
    body = {"job_id": identifiers.encode(identifiers.JOB_PREFIX, job_id)}
    with transaction.atomic():
        connections.save(seller.tenant.pk, SHOP, "web", {}, None)
        answer = in_another_session(lambda: seller.post("/api/catalogue/price-changes", body))
        wait_until_blocked()
    [change] = answer.result(60).json()["data"]["applied"]
    # There the catalogue's price is the price.
    assert (change["status"], price(), shop.operations) == ("applied", "9.50", [])


def test_a_revert_goes_to_the_shop_of_now(seller: Caller, shop: FakeShopify, other: FakeShopify) -> None:
    change_id = decided_on(connections.get(seller.tenant.pk, SHOP), "9")
    settling.settle(seller.tenant.pk, SHOP)
    path = f"/api/catalogue/price-changes/{change_id}/revert"
    with transaction.atomic():
        connections.save(seller.tenant.pk, SHOP, "web", {}, None)
        answer = in_another_session(lambda: seller.post(path))
        wait_until_blocked()
    assert answer.result(60).json()["data"]["status"] == "applied"
    assert (price(), prices(shop)["A"]) == ("10.00", "9.00")


def decided_on(read: Connection, after: str, before: str = "10") -> int:
    """The id of a change that was decided on this connection, by a job that is over."""
    origin = Origin(read.tenant_id, SHOP, identifiers.new_id(), computed_on=read)
    with transaction.atomic():
        applied = decide(Prices(), origin, [Decision("A", Decimal(before), Decimal(after), "Because.")])
    return applied.changes[0].pk if applied.changes else 0


def test_the_settler_writes_nothing_for_the_new_shop_to_the_old_one(
    seller: Caller, shop: FakeShopify, other: FakeShopify
) -> None:
    """It is still at its desk in the old shop, where nothing is left to do."""
    old = connections.get(seller.tenant.pk, SHOP)
    connect(seller, other)
    decided_on(connections.get(seller.tenant.pk, SHOP), "9")
    with connections.open_connector(old, Pace(60)) as desk:
        assert settling.settle_due(desk, old) == 0
    assert shop.operations == []
    settling.settle(seller.tenant.pk, SHOP)
    assert prices(other)["A"] == "9.00"


def test_what_is_being_settled_is_not_closed_unread_beside_it(
    seller: Caller, shop: FakeShopify, other: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settler records a change as applied while a connection that waited for an hour is changed."""
    monkeypatch.setattr(connections, "LOCK", connections.LOCK.replace("1s", "50s"))
    change_id = decided_on(connections.get(seller.tenant.pk, SHOP), "9")
    Change.objects.update(status="unknown", created_at=now() - 3 * engine.LONG_AGO)
    with transaction.atomic():
        Change.objects.filter(pk=change_id).update(status="applied")
        saved = in_another_session(lambda: connect(seller, other))
        wait_until_blocked()
    saved.result(60)
    assert Change.objects.get().status == "applied"


def test_a_connection_that_is_decided_for_too_long_is_not_changed(seller: Caller, other: FakeShopify) -> None:
    """A worker froze: whoever waits is told so after a second."""
    with transaction.atomic():
        connections.hold(seller.tenant.pk, SHOP)
        saved = in_another_session(lambda: connect(seller, other))
        with pytest.raises(ChangesInProgress):
            saved.result(60)


# Prices decided, and shops changed.
ENOUGH = 6


class Trader:
    """Decides, settles and changes the shop, each in a session of its own, until each was done often enough."""

    def __init__(self, seller: Caller, shops: list[FakeShopify]) -> None:
        self.seller = seller
        self.shops = shops
        self.random = random.Random(7)
        # The shop that each new price was decided on, by the price; no two are the same.
        self.decided: dict[str, str] = {}
        self.moved = 0
        self.done = Event()

    def decide(self) -> None:
        try:
            for number in range(5_000):
                if min(len(self.decided), self.moved) >= ENOUGH:
                    break
                self._decide_for(f"{20 + number / 100:.2f}")
        finally:
            self.done.set()

    def _decide_for(self, after: str) -> None:
        read = connections.get(self.seller.tenant.pk, SHOP)
        before = str(Product.objects.get(sku="A").price)
        self.done.wait(self.random.uniform(0, 0.02))
        with suppress(ConnectionChanged):
            if decided_on(read, after, before):
                self.decided[after] = read.settings["endpoint"]

    def settle(self) -> None:
        while not self.done.wait(0.005):
            settling.settle(self.seller.tenant.pk, SHOP)

    def move(self) -> None:
        while not self.done.is_set():
            try:
                connect(self.seller, self.random.choice(self.shops))
                self.moved += 1
            except ChangesInProgress:
                self.done.wait(self.random.uniform(0, 0.01))


def test_no_shop_gets_a_price_that_was_decided_on_another_one(
    seller: Caller, shop: FakeShopify, other: FakeShopify
) -> None:
    RepricingPolicy.objects.create(tenant=seller.tenant, cool_down_minutes=0, max_changes_per_day=1000)
    trader = Trader(seller, [shop, other])
    sessions = [in_another_session(task) for task in (trader.decide, trader.settle, trader.move)]
    for session in sessions:
        session.result(60)
    settling.settle(seller.tenant.pk, SHOP)
    written = [(f"http://{each.address}", price) for each in (shop, other) for price in each.admin.written]
    assert min(len(trader.decided), trader.moved) >= ENOUGH
    assert [(where, price) for where, price in written if trader.decided[price] != where] == []
