"""A price that Amazon accepted with a warning: the warning is kept, and the price is read back once."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Tenant
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products, listed
from tests.workers.changes.sessions import in_another_session
from tests.workers.marketplaces.amazon.server import HANG, Answer, FakeAmazon, Reply, errors
from workers.catalogue.kinds import PRODUCTS
from workers.catalogue.models import Product
from workers.catalogue.removal import Wanted, remove
from workers.changes import claims, reading_back, settling
from workers.changes.deciding import Decision, Origin, decide
from workers.changes.kinds.price import Prices
from workers.changes.models import Change
from workers.marketplaces import connections
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db

US = "ATVPDKIKX0DER"
WARNING = "The price is <b>far</b> below the usual price."


@pytest.fixture
def amazon(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAmazon]:
    """Warns of every price."""
    server = FakeAmazon()
    settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:{server.host}"]
    issue = {"code": "90", "message": WARNING, "severity": "WARNING", "categories": ["INVALID_PRICE"]}
    server.submission = {"sku": "-", "status": "ACCEPTED", "submissionId": "1", "issues": [issue]}
    # Several are read within one run, however slow the machine is.
    monkeypatch.setattr(reading_back, "READ_SECONDS", 60)
    yield server
    server.close()
    assert server.violations == []


@pytest.fixture
def seller(owner: Caller, amazon: FakeAmazon) -> Caller:
    """Sells A, B and C for 10 each at Amazon."""
    add_products(owner, "A", "B", "C")
    for sku in "ABC":
        shows(amazon, sku, "10.00")
    connect(owner, amazon)
    return owner


def connect(who: Caller, amazon: FakeAmazon, **changes: str) -> None:
    address = f"http://{amazon.host}"
    wanted = {"seller_id": "OURS", "country": "US", "endpoint": address, "token_endpoint": f"{address}/auth/o2/token"}
    connections.save(who.tenant.pk, MARKETPLACE, "amazon", {**wanted, **changes}, amazon.credentials)


def shows(amazon: FakeAmazon, sku: str, price: str) -> None:
    offer = {"marketplaceId": US, "offerType": "B2C", "price": {"currencyCode": "USD", "amount": price}}
    amazon.listings[sku] = [offer]


def accepted(seller: Caller, **afters: str) -> None:
    """Prices that Amazon has accepted, from 10."""
    origin = Origin(seller.tenant.pk, MARKETPLACE, identifiers.new_id())
    decisions = [Decision(sku, Decimal(price(sku)), Decimal(after), "Because.") for sku, after in afters.items()]
    with transaction.atomic():
        refused = decide(Prices(), origin, decisions).refused
    assert refused == {}
    Change.objects.filter(status="pending").update(not_before=now() - engine.LONG_AGO)
    settle(seller)


def settle(seller: Caller) -> None:
    Connection.objects.update(settling_until=now() - engine.LONG_AGO)
    settling.settle(seller.tenant.pk, MARKETPLACE)


def pass_minutes(minutes: float) -> None:
    earlier = timedelta(minutes=minutes)
    moments = {name: F(name) - earlier for name in ("created_at", "not_before", "read_back_at")}
    Change.objects.update(**moments)


def after_minutes(seller: Caller, minutes: float = 10.1) -> None:
    pass_minutes(minutes)
    settle(seller)


def price(sku: str = "A") -> str:
    """In the catalogue."""
    return f"{Product.objects.get(sku=sku).price:.2f}"


def read_back(sku: str = "A") -> tuple[str, str]:
    """Of its first change: what was found, and the first word of what is said about it."""
    change = Change.objects.filter(product__sku=sku).earliest("id")
    return change.read_back, change.detail.partition(":")[0]


def calls(amazon: FakeAmazon, method: str) -> int:
    return sum(each.method == method for each in amazon.calls)


def test_the_warning_is_shown_with_the_price(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9")
    [shown] = listed(seller, "price-changes")
    assert (shown["status"], shown["warnings"], shown["read_back"]) == ("applied", [WARNING], "waiting")
    assert shown["detail"] == f"The marketplace accepted this with a warning: {WARNING}"
    assert price() == "9.00"


def test_a_price_accepted_without_a_warning_is_not_read_back(seller: Caller, amazon: FakeAmazon) -> None:
    amazon.submission["issues"] = []
    accepted(seller, A="9")
    reads = calls(amazon, "GET")
    after_minutes(seller)
    [shown] = listed(seller, "price-changes")
    assert (shown["warnings"], shown["detail"], shown["read_back"]) == ([], None, None)
    assert calls(amazon, "GET") == reads


def test_a_price_that_is_shown_after_ten_minutes_is_read_back_once(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9", B="8")
    reads = calls(amazon, "GET")
    assert claims.due() == []
    settle(seller)
    after_minutes(seller, 9.9)
    assert (read_back(), calls(amazon, "GET")) == (("waiting", ""), reads)
    pass_minutes(0.2)
    assert claims.due() == [claims.Due(seller.tenant.pk, MARKETPLACE)]
    settle(seller)
    assert (read_back("A"), read_back("B"), calls(amazon, "GET")) == (("shown", ""), ("shown", ""), reads + 2)
    after_minutes(seller, 60)
    assert (claims.due(), calls(amazon, "GET"), calls(amazon, "PATCH")) == ([], reads + 2, 2)
    assert (price("A"), price("B")) == ("9.00", "8.00")


def test_a_price_that_is_not_shown_says_so_and_the_catalogue_learns_what_is(
    seller: Caller, amazon: FakeAmazon
) -> None:
    accepted(seller, A="9")
    shows(amazon, "A", "10.00")
    after_minutes(seller)
    [shown] = listed(seller, "price-changes")
    assert (shown["status"], shown["read_back"], shown["warnings"]) == ("applied", "different", [WARNING])
    told = "NOT_SHOWN: The marketplace did not show 9.00 after 10 minutes. Its price is 10.00."
    assert (shown["detail"], price()) == (told, "10.00")
    # Nothing is written again, and the next decision starts from what is.
    assert calls(amazon, "PATCH") == 1
    without_cool_down(seller)
    amazon.submission["issues"] = []
    accepted(seller, A="9.5")
    assert (price(), calls(amazon, "PATCH")) == ("9.50", 2)


def without_cool_down(seller: Caller) -> None:
    seller.request("PATCH", "/api/catalogue/repricing-policy", {"cool_down_minutes": 0})


def test_a_catalogue_that_has_moved_on_keeps_its_price(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9")
    shows(amazon, "A", "10.00")
    Product.objects.filter(sku="A").update(price=7)
    after_minutes(seller)
    assert (read_back(), price()) == (("different", "NOT_SHOWN"), "7.00")


@pytest.mark.parametrize("shown", ["8.00", "10.00"])
def test_a_later_change_leaves_nothing_to_be_read_back(shown: str, seller: Caller, amazon: FakeAmazon) -> None:
    without_cool_down(seller)
    accepted(seller, A="9")
    accepted(seller, A="8")
    shows(amazon, "A", shown)
    Change.objects.filter(product__sku="A", after="8").update(read_back="", read_back_at=None)
    after_minutes(seller)
    assert (read_back(), price()) == (("missed", "NOT_READ_BACK"), "8.00")


def test_a_listing_that_is_gone_is_not_asked_for_again(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9", B="9")
    del amazon.listings["A"]
    after_minutes(seller)
    assert (read_back("A"), read_back("B"), price()) == (("missed", "NOT_READ_BACK"), ("shown", ""), "9.00")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A read that fails is repeated within the run for as long as its time allows; one is begun in any case."""
    with monkeypatch.context() as patched:
        patched.setattr(reading_back, "READ_SECONDS", 0.5)
        patched.setattr(reading_back, "LEAST_SECONDS", -60)
        yield patched


AWAY = errors("InternalFailure", "-", 500, Retry_After="5")


@pytest.mark.parametrize("answer", [AWAY, HANG, Reply(body=b"<html>"), errors("Denied", "-", 403)])
def test_a_read_that_fails_is_tried_again_and_holds_up_no_write(
    answer: Answer, seller: Caller, amazon: FakeAmazon, hurried: pytest.MonkeyPatch
) -> None:
    accepted(seller, A="9", B="9")
    pass_minutes(10.1)
    amazon.next.extend([answer] * 3)
    settle(seller)
    hurried.undo()
    assert (read_back("A"), read_back("B")) == (("waiting", ""), ("waiting", ""))
    assert claims.due() == []
    amazon.next.clear()
    amazon.submission["issues"] = []
    accepted(seller, C="9")
    assert price("C") == "9.00"
    reads = calls(amazon, "GET")
    after_minutes(seller, 1.1)
    assert (read_back("A"), read_back("B"), calls(amazon, "GET")) == (("shown", ""), ("shown", ""), reads + 2)


def test_one_that_cannot_be_read_keeps_no_other_waiting(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9", B="9")
    shows(amazon, "A", "no price")
    after_minutes(seller)
    after_minutes(seller, 1.1)
    assert (read_back("A"), read_back("B")) == (("waiting", ""), ("shown", ""))


def test_after_an_hour_nobody_tries_any_more(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9", B="9")
    amazon.credentials = {**amazon.credentials, "client_secret": "another"}
    amazon.expire_tokens()
    after_minutes(seller, 69)
    assert read_back("A") == read_back("B") == ("waiting", "")
    after_minutes(seller, 2)
    assert read_back("A") == read_back("B") == ("missed", "NOT_READ_BACK")
    assert "CLIENT_REFUSED" in listed(seller, "price-changes")[0]["detail"]
    assert (price(), claims.due()) == ("9.00", [])


def test_with_another_shop_nothing_is_read_back(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9")
    connect(seller, amazon)
    assert read_back() == ("waiting", "")
    connect(seller, amazon, seller_id="OTHERS")
    reads = calls(amazon, "GET")
    assert read_back()[0] == "missed"
    after_minutes(seller)
    assert (calls(amazon, "GET"), Change.objects.get().status, price()) == (reads, "applied", "9.00")


def test_a_suspended_tenants_prices_are_read_back_afterwards(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9")
    reads = calls(amazon, "GET")
    tenant = Tenant.objects.filter(pk=seller.tenant.pk)
    tenant.update(suspended_at=now())
    after_minutes(seller, 600)
    assert (claims.due(), calls(amazon, "GET"), read_back()) == ([], reads, ("waiting", ""))
    tenant.update(suspended_at=None)
    settle(seller)
    assert read_back() == ("shown", "")


def test_what_another_worker_has_taken_over_is_not_recorded(
    seller: Caller, amazon: FakeAmazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one froze in its call."""
    accepted(seller, A="9")
    shows(amazon, "A", "10.00")

    def taken_over(self: Prices, *arguments: Any) -> Decimal:
        Change.objects.update(attempts=F("attempts") + 1)
        return Decimal(10)

    monkeypatch.setattr(Prices, "read", taken_over)
    after_minutes(seller)
    assert (read_back(), price()) == (("waiting", ""), "9.00")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_read_it_back_once(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9")
    pass_minutes(10.1)
    reads = calls(amazon, "GET")
    connection = connections.get(seller.tenant.pk, MARKETPLACE)
    both = [in_another_session(lambda: reading_back.read_due(connection)) for _ in range(2)]
    for each in both:
        each.result(60)
    assert (read_back(), calls(amazon, "GET")) == (("shown", ""), reads + 1)


def test_an_import_meanwhile_changes_nothing_of_what_is_read_back(seller: Caller, amazon: FakeAmazon) -> None:
    """It is sent nowhere: what Amazon shows is still about the change that it warned of."""
    accepted(seller, A="9")
    add_products(seller, "A", price="12")
    shows(amazon, "A", "10.00")
    after_minutes(seller)
    assert (read_back(), price()) == (("different", "NOT_SHOWN"), "12.00")


def test_nothing_is_read_back_of_a_product_that_was_removed(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9", B="8")
    reads = calls(amazon, "GET")
    wanted = Wanted(PRODUCTS, seller.tenant.pk, MARKETPLACE, sku="A")
    assert remove(wanted, seller.tenant.api_keys.get().pk, lambda: None).rows["products"] == 1
    after_minutes(seller)
    assert {each.sku: each.read_back for each in Change.objects.all()} == {"A": "missed", "B": "shown"}
    assert Change.objects.get(sku="A").detail.startswith("NOT_READ_BACK: The product was removed")
    assert calls(amazon, "GET") == reads + 1


def test_staff_see_the_warning_as_text(seller: Caller, amazon: FakeAmazon) -> None:
    accepted(seller, A="9")
    staff = Client()
    staff.force_login(User.objects.create_superuser("root"))
    for page, arguments in (("changelist", []), ("change", [Change.objects.get().pk])):
        shown = staff.get(reverse(f"admin:changes_change_{page}", args=arguments)).content.decode()
        assert "aiting" in shown
        assert "<b>far</b>" not in shown
    assert "&lt;b&gt;far" in shown
