"""The cost-based rate limit."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from aijobs.outbound.failures import OutOfTime, Throttled, Transient
from tests.workers.marketplaces.paces import Leaping
from tests.workers.marketplaces.shopify.admin import LeakyBucket
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import FakeShopify, Reply, json_reply
from workers.marketplaces.protocols import Listing
from workers.marketplaces.shopify import failures
from workers.marketplaces.shopify.bucket import Bucket
from workers.marketplaces.shopify.operations import CHECK
from workers.marketplaces.shopify.settings import ShopifySettings

LISTING = Listing(sku="ABC", currency="USD")
THROTTLED = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]


def throttled(requested: float, available: float, rate: float) -> Reply:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}
    return json_reply({"errors": THROTTLED, "extensions": {"cost": cost}})


def test_a_connection_alone_is_never_throttled(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    # A search is 12 points.
    shopify = connect()
    server.admin.bucket = LeakyBucket(maximum=24, restore_rate=600, available=24)
    started = time.monotonic()
    for _ in range(15):
        shopify.read_price(LISTING)
    assert time.monotonic() - started >= (15 * 12 - 24) / 600
    assert (server.admin.throttled, len(server.operations)) == (0, 15)


def test_an_empty_bucket_is_waited_for(server: FakeShopify, connect: Connect) -> None:
    variant = server.admin.add("ABC", "1.00")
    shopify = connect()
    server.admin.bucket = LeakyBucket(maximum=1000, restore_rate=300, available=0)
    started = time.monotonic()
    shopify.write_price(LISTING, Decimal(2))
    # 12 for the search, 10 for the mutation.
    assert time.monotonic() - started >= 22 / 300
    assert variant.price == "2.00"
    assert server.admin.throttled >= 1


def test_connections_that_share_a_bucket_all_get_through(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    connections = [connect() for _ in range(3)]
    server.admin.bucket = LeakyBucket(maximum=24, restore_rate=300, available=0)
    with ThreadPoolExecutor(3) as pool:
        prices = list(pool.map(lambda shopify: shopify.read_price(LISTING), connections))
    assert prices == [1, 1, 1]
    assert server.admin.throttled


def test_a_throttled_write_is_repeated_once_there_is_room(server: FakeShopify, connect: Connect) -> None:
    variant = server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [throttled(10, 4, 200.0), json_reply({}, 429, Retry_After="0.02")]
    connect(Leaping()).write_price(LISTING, Decimal(2))
    assert variant.price == "2.00"
    assert server.operations.count("UpdatePrice") == 3


@pytest.mark.parametrize("reply", [throttled(10, 10, 100.0), json_reply({}, 429, Retry_After="0.001")])
def test_after_four_repeats_it_is_given_up(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [reply] * 9
    with pytest.raises(Transient, match="THROTTLED") as raised:
        connect(Leaping()).write_price(LISTING, Decimal(2))
    assert server.operations.count("UpdatePrice") == 5
    assert (type(raised.value).__name__, raised.value.retry_after is not None) == ("Throttled", True)


@pytest.mark.parametrize(
    "reply",
    [
        throttled(10, 0, 0.1),
        json_reply({}, 429, Retry_After="30"),
        json_reply({}, 429, Retry_After="99999"),
        json_reply({}, 429, Retry_After="999999999"),
    ],
)
def test_a_wait_beyond_the_run_is_not_begun(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    variant = server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [reply]
    pace = Leaping(20)
    with pytest.raises(OutOfTime):
        connect(pace).write_price(LISTING, Decimal(2))
    assert pace.waits == []
    assert (variant.price, server.operations.count("UpdatePrice")) == ("1.00", 1)


@pytest.mark.parametrize("told", ["", "NaN", "-1", "inf", "1e9", "Wed, 25 Nov 2026 07:28:00 GMT"])
def test_a_limit_that_does_not_say_for_how_long_is_one_of_a_second(told: str) -> None:
    response = httpx.Response(429, headers={"Retry-After": told} if told else {})
    problem = failures.of_status(CHECK, response, ShopifySettings(shop="my-shop.myshopify.com"))
    assert isinstance(problem, Throttled)
    assert problem.retry_after == failures.UNTOLD_WAIT_SECONDS == 1


def test_a_throttling_without_its_cost_is_waited_out(server: FakeShopify, connect: Connect) -> None:
    server.instead["Check"] = [json_reply({"errors": THROTTLED})]
    pace = Leaping()
    assert connect(pace).check()
    assert [wait >= 1 for wait in pace.waits] == [True]


def test_what_the_bucket_cannot_cover_is_not_sent(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.admin.bucket = LeakyBucket(maximum=20, restore_rate=0.001, available=20)
    shopify = connect(Leaping())
    shopify.read_price(LISTING)
    with pytest.raises(OutOfTime):
        shopify.read_price(LISTING)
    assert len(server.operations) == 1


def told(requested: float, available: float, rate: float = 0.01) -> dict[str, object]:
    status = {"maximumAvailable": 100.0, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": requested, "throttleStatus": status}}


def test_the_bucket_fills_with_time() -> None:
    bucket = Bucket()
    assert bucket.seconds_until("search") == 0
    assert bucket.see("search", told(50, 20))
    first = bucket.seconds_until("search")
    assert 1 < first <= (50 - 20) / 0.01
    assert bucket.seconds_until("search") < first
    # Nothing is known of its cost.
    assert bucket.seconds_until("update") == 0


def test_more_than_the_bucket_holds_is_not_waited_for() -> None:
    bucket = Bucket()
    bucket.see("search", told(5000, 100))
    assert bucket.seconds_until("search") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"cost": None},
        {"cost": {"requestedQueryCost": 10}},
        told(float("nan"), 20),
        told(10**400, 20),
        told(10, -1),
        told(10, float("inf")),
        told(10, 20, rate=0.0),
        told(10, 20, rate=-1.0),
    ],
)
def test_what_cannot_be_understood_leaves_the_bucket_as_it_was(wrong: object) -> None:
    bucket = Bucket()
    bucket.see("search", told(50, 20))
    assert not bucket.see("search", wrong)
    assert bucket.seconds_until("search") > 1
