"""Decided prices on their way to a shop: each is written once, or it is known why not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs import identifiers
from aijobs.engine import lifecycle
from aijobs.engine.outcomes import Stopped
from aijobs.outbound.pace import Pace
from aijobs.states import PausedBy
from tests import engine
from tests.clients import Caller
from tests.drawing import forms
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap, Reply, json_reply
from tests.workers.marketplaces.shops import SHOP, connect, prices, sell
from workers import periodic
from workers.catalogue.models import Product
from workers.changes import claims, settling
from workers.changes.deciding import Applied, Decision, Origin, decide
from workers.changes.kinds.price import Prices
from workers.changes.models import Change, RepricingPolicy, policy_of
from workers.marketplaces import connections
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db

WRITE = "UpdatePrice"


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify) -> Caller:
    """Sells A, B and C for 10 each in a shop that works."""
    connect(owner, shop)
    sell(owner, shop, A="10.00", B="10.00", C="10.00")
    return owner


def decided(seller: Caller, **afters: str) -> Applied:
    """Decisions to change prices from 10, by a job that is over."""
    [job_id] = engine.dispatch(seller.tenant)
    engine.complete(engine.start(job_id))
    return record(seller, job_id, **afters)


def record(seller: Caller, job_id: UUID, before: str = "10", **afters: str) -> Applied:
    origin = Origin(seller.tenant.pk, SHOP, job_id)
    decisions = [Decision(sku, Decimal(before), Decimal(after), "Because.") for sku, after in afters.items()]
    with transaction.atomic():
        return decide(Prices(), origin, decisions)


def settle(seller: Caller) -> int:
    """What the settler's message does, however lately it was last done."""
    Change.objects.filter(status__in=("pending", "unknown")).update(not_before=now() - engine.LONG_AGO)
    Connection.objects.update(settling_until=now() - engine.LONG_AGO)
    return settling.settle(seller.tenant.pk, SHOP)


def outcome(sku: str = "A") -> tuple[str, str]:
    """The last change's status, and the first word of what is said about it."""
    change = Change.objects.filter(product__sku=sku).latest("id")
    return change.status, change.detail.partition(":")[0]


def price(sku: str = "A") -> str:
    """In the catalogue."""
    return f"{Product.objects.get(sku=sku).price:.2f}"


def test_prices_are_in_the_shop_and_then_in_the_catalogue(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9.50", C="11")
    assert (price("A"), outcome("A")) == ("10.00", ("pending", ""))
    assert settle(seller) == 2
    assert prices(shop) == {"A": "9.50", "B": "10.00", "C": "11.00"}
    assert (price("A"), price("B"), price("C")) == ("9.50", "10.00", "11.00")
    assert outcome("A") == outcome("C") == ("applied", "")


def test_nothing_is_done_twice(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    settle(seller)
    before = len(shop.operations)
    assert settle(seller) == 0
    assert len(shop.operations) == before


def test_a_rejected_price_says_why_and_changes_nothing(seller: Caller, shop: FakeShopify) -> None:
    shop.admin.rejection = "Not on a Sunday"
    decided(seller, A="9")
    settle(seller)
    change = Change.objects.get()
    assert (change.status, change.detail) == (
        "rejected",
        "WRITE_REJECTED: Shopify rejected the price: Not on a Sunday",
    )
    assert price() == "10.00"


@pytest.mark.parametrize("mishap", [Mishap.ANSWER_LOST, Mishap.LOST])
def test_a_write_without_an_answer_is_unknown_until_the_price_is_read_back(
    mishap: Mishap, seller: Caller, shop: FakeShopify
) -> None:
    shop.instead[WRITE] = [mishap]
    decided(seller, A="9")
    settle(seller)
    assert outcome()[0] == "unknown"
    assert price() == "10.00"
    settle(seller)
    assert outcome() == ("applied", "")
    assert price() == prices(shop)["A"] == "9.00"
    # It was read back first: only a write that did not arrive is repeated.
    assert shop.operations.count(WRITE) == (1 if mishap is Mishap.ANSWER_LOST else 2)


def test_an_unknown_price_waits_longer_each_time(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    shop.instead[WRITE] = [Mishap.LOST] * 3
    waits = []
    for _ in range(3):
        settle(seller)
        waits.append((Change.objects.get().not_before - engine.clock()).total_seconds())
    assert waits == [5, 10, 20]


def test_a_shop_that_is_away_is_tried_again(seller: Caller, shop: FakeShopify) -> None:
    shop.instead["VariantsBySku"] = [json_reply({"errors": "Internal"}, 503)] * 20
    decided(seller, A="9")
    settle(seller)
    assert outcome()[0] == "pending"
    shop.instead.clear()
    settle(seller)
    assert outcome() == ("applied", "")


def test_a_price_changed_in_the_shop_is_left_alone_and_learned(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    shop.admin.variants[0].price = "12.34"
    settle(seller)
    assert outcome() == ("rejected", "PRICE_CHANGED")
    assert price() == prices(shop)["A"] == "12.34"


def test_a_price_changed_in_the_catalogue_is_left_alone(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    Product.objects.filter(sku="A").update(price=8)
    settle(seller)
    assert outcome() == ("rejected", "PRICE_CHANGED")
    assert (price(), prices(shop)["A"]) == ("8.00", "10.00")


def test_the_kill_switch_stops_what_is_not_sent_yet(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    RepricingPolicy.objects.create(tenant=seller.tenant, repricing_enabled=False)
    settle(seller)
    assert outcome() == ("rejected", "REPRICING_DISABLED")
    assert prices(shop)["A"] == "10.00"


def test_a_floor_raised_meanwhile_stops_the_write(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    Product.objects.filter(sku="A").update(map_price=Decimal("9.99"))
    settle(seller)
    assert outcome() == ("rejected", "BELOW_FLOOR")
    assert prices(shop)["A"] == "10.00"


def test_refused_credentials_reject_the_change_and_the_others_wait(seller: Caller, shop: FakeShopify) -> None:
    """The settler meets them at the first; the tenant may yet mend them."""
    decided(seller, A="9", B="9")
    shop.token = "another"
    settle(seller)
    assert outcome("A") == ("rejected", "CREDENTIALS_REFUSED")
    assert outcome("B")[0] == "pending"


def test_one_change_of_a_price_at_a_time(seller: Caller) -> None:
    decided(seller, A="9")
    second = decided(seller, A="8", B="8")
    assert second.refused == {"A": "CHANGE_IN_PROGRESS"}
    assert [change.product.sku for change in second.changes] == ["B"]


def test_what_could_not_be_written_within_an_hour_is_given_up(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    Change.objects.update(created_at=F("created_at") - timedelta(hours=2))
    assert settling.expire() == 1
    assert outcome() == ("rejected", "EXPIRED")
    assert settle(seller) == 0
    assert shop.operations == []


def test_what_may_have_been_sent_is_not_given_up_unread(seller: Caller, shop: FakeShopify) -> None:
    shop.instead[WRITE] = [Mishap.ANSWER_LOST]
    decided(seller, A="9")
    settle(seller)
    Change.objects.update(created_at=F("created_at") - timedelta(hours=2), not_before=now() - engine.LONG_AGO)
    assert settling.expire() == 0
    settle(seller)
    assert (outcome(), price()) == (("applied", ""), "9.00")


def test_a_running_jobs_changes_are_not_the_settlers(seller: Caller, shop: FakeShopify) -> None:
    [job_id] = engine.dispatch(seller.tenant)
    run = engine.start(job_id)
    record(seller, job_id, A="9")
    assert settle(seller) == 0
    assert claims.due() == []
    engine.complete(run)
    Change.objects.update(not_before=now() - engine.LONG_AGO)
    assert claims.due() == [claims.Due(seller.tenant.pk, SHOP)]
    assert settle(seller) == 1


def test_what_a_job_has_not_sent_when_it_is_stopped_is_not_sent(seller: Caller, shop: FakeShopify) -> None:
    [job_id] = engine.dispatch(seller.tenant)
    run = engine.start(job_id)
    record(seller, job_id, A="12.00")
    lifecycle.request_cancel(job_id, seller.tenant.pk, PausedBy.KEY)
    lifecycle.record(run, Stopped())
    assert settle(seller) == 1
    assert outcome() == ("rejected", "JOB_CANCELLED")
    assert (prices(shop)["A"], price()) == ("10.00", "10.00")


def test_a_run_that_lost_its_job_begins_no_write(seller: Caller, shop: FakeShopify) -> None:
    [job_id] = engine.dispatch(seller.tenant)
    run = engine.start(job_id)
    [change] = record(seller, job_id, A="9").changes
    engine.let_lease_expire(job_id)
    connection = connections.get(seller.tenant.pk, SHOP)
    with connections.open_connector(connection, Pace(5)) as connector:
        list(settling.settle_job(connector, [change.pk], claims.Attempt(job_id, run.attempt)))
    assert shop.operations == []
    assert outcome() == ("pending", "")


def test_a_claim_that_another_worker_has_taken_records_nothing(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker freezes in its call; the second one has settled the change when it wakes up."""
    decided(seller, A="9")

    def taken_meanwhile(*arguments: Any) -> Any:
        Change.objects.update(attempts=F("attempts") + 1)
        return policy_of(*arguments)

    monkeypatch.setattr("workers.changes.kinds.price.policy_of", taken_meanwhile)
    settle(seller)
    assert (outcome(), price()) == (("unknown", ""), "10.00")


def test_one_worker_at_a_time_is_at_a_connection(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    Connection.objects.update(settling_until=now() + timedelta(minutes=1))
    assert settling.settle(seller.tenant.pk, SHOP) == 0
    assert shop.operations == []


def test_a_connection_that_is_gone_or_unreadable_leaves_the_change_pending(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    Connection.objects.update(sealed_credentials="garbage")
    assert settle(seller) == 0
    assert outcome()[0] == "pending"
    Connection.objects.all().delete()
    assert settle(seller) == 0
    assert outcome()[0] == "pending"


def test_beat_sends_for_every_marketplace_with_open_changes(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[object, ...]] = []

    def note(arguments: tuple[object, ...], **_: object) -> None:
        sent.append(arguments)

    monkeypatch.setattr("workers.tasks.settle_changes.apply_async", note)
    decided(seller, A="9", B="9")
    Change.objects.update(not_before=now() - engine.LONG_AGO)
    periodic.settle_changes()
    assert sent == [(seller.tenant.pk, SHOP)]


@pytest.mark.parametrize(
    "broken",
    [
        Reply(b"<html>Bad gateway</html>", 502),
        Reply(b"{", 200),
        json_reply({"data": None}),
        json_reply([]),
    ],
)
def test_a_broken_answer_to_a_write_is_never_taken_for_a_yes(
    broken: Reply, seller: Caller, shop: FakeShopify
) -> None:
    shop.instead[WRITE] = [broken] * 10
    decided(seller, A="9")
    settle(seller)
    assert outcome()[0] in ("unknown", "pending")
    assert price() == "10.00"


BUSY = json_reply({"errors": "busy"}, 503, Retry_After="0")
MISHAPS = st.lists(st.sampled_from([None, Mishap.LOST, Mishap.ANSWER_LOST, BUSY, "edited", "rejected"]), max_size=6)


READS = st.lists(st.sampled_from([Mishap.LOST, BUSY]), max_size=3)


@forms(8, 500)
def test_the_audit_says_what_is_in_the_shop_whatever_happened_on_the_way(
    examples: int, seller: Caller, shop: FakeShopify
) -> None:
    """Calls and answers are lost, the shop is busy or refuses, and somebody edits the price in between."""

    @settings(max_examples=examples)
    @given(MISHAPS, READS)
    def run(mishaps: list[Mishap | Reply | str | None], reads: list[Mishap | Reply]) -> None:
        _settle_through(seller, shop, mishaps, reads)

    run()


def _settle_through(
    seller: Caller, shop: FakeShopify, mishaps: list[Mishap | Reply | str | None], reads: list[Mishap | Reply]
) -> None:
    shop.admin.rejection, shop.instead["VariantsBySku"] = "", list(reads)
    before = shop.admin.variants[0].price
    after = "9.00" if before == "10.00" else "10.00"
    Product.objects.filter(sku="A").update(price=before)
    Change.objects.all().delete()
    [job_id] = engine.dispatch(seller.tenant)
    engine.complete(engine.start(job_id))
    record(seller, job_id, before, A=after)
    for mishap in mishaps:
        shop.admin.rejection = "No" if mishap == "rejected" else ""
        if mishap == "edited":
            shop.admin.variants[0].price = "7.77"
        elif isinstance(mishap, Mishap | Reply):
            shop.instead[WRITE] = [mishap]
        settle(seller)
    shop.admin.rejection, shop.instead[WRITE], shop.instead["VariantsBySku"] = "", [], []
    settle(seller)
    status, _ = outcome()
    live = prices(shop)["A"]
    if "edited" not in mishaps:
        assert price() == live
        assert (status, live) in [("applied", after), ("rejected", before)]
    else:
        # After the last look somebody may have edited the shop's price again.
        assert (status, price()) in [("applied", after), ("rejected", before), ("rejected", "7.77")]
        assert live in (before, after, "7.77")


# --- Reverting --------------------------------------------------------------------------------------------------


def revert(who: Caller, change_id: int) -> Any:
    return who.post(f"/api/catalogue/price-changes/{change_id}/revert")


def test_a_revert_reaches_the_shop(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    settle(seller)
    change = Change.objects.get()
    answer = revert(seller, change.pk)
    assert answer.status_code == 201, answer.content
    told = answer.json()["data"]
    assert (told["status"], told["before"], told["after"], told["reverts"]) == ("pending", 9.0, 10.0, change.pk)
    settle(seller)
    assert (price(), prices(shop)["A"], outcome()) == ("10.00", "10.00", ("applied", ""))


def test_a_revert_is_written_with_the_kill_switch_off(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    settle(seller)
    RepricingPolicy.objects.create(tenant=seller.tenant, repricing_enabled=False)
    assert revert(seller, Change.objects.get().pk).status_code == 201
    settle(seller)
    assert prices(shop)["A"] == "10.00"


def test_what_is_not_applied_cannot_be_reverted(seller: Caller) -> None:
    decided(seller, A="9")
    answer = revert(seller, Change.objects.get().pk)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NOT_REVERTIBLE")


def test_a_revert_that_the_shop_refused_can_be_asked_for_again(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, A="9")
    settle(seller)
    change = Change.objects.get()
    shop.admin.rejection = "Not today"
    revert(seller, change.pk)
    settle(seller)
    assert outcome() == ("rejected", "WRITE_REJECTED")
    shop.admin.rejection = ""
    assert revert(seller, change.pk).status_code == 201
    settle(seller)
    assert prices(shop)["A"] == "10.00"


# --- Applied after a look ---------------------------------------------------------------------------------------


def test_recommendations_applied_after_a_look_reach_the_shop(seller: Caller, shop: FakeShopify) -> None:
    params = {"skus": ["A"], "marketplace": SHOP}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=params)
    shown = {"sku": "A", "current_price": 10.0, "recommended_price": 9.5, "reasoning": "So."}
    engine.complete(engine.start(job_id), {"recommendations": [shown], "skipped": []})
    answer = seller.post(
        "/api/catalogue/price-changes", {"job_id": identifiers.encode(identifiers.JOB_PREFIX, job_id)}
    )
    [change] = answer.json()["data"]["applied"]
    assert (change["status"], change["reason"]) == ("pending", "So.")
    settle(seller)
    assert prices(shop)["A"] == "9.50"
