"""The cost-based rate limit."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.workers.marketplaces.shopify.admin import LeakyBucket
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import FakeShopify, Reply, json_reply
from workers.marketplaces.protocol import Listing, OutOfTime, Transient
from workers.marketplaces.shopify.bucket import Bucket

LISTING = Listing(sku="ABC", currency="USD")
THROTTLED = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]


def throttled(requested: float, available: float, rate: float, maximum: float = 2000.0) -> Reply:
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
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
    connect().write_price(LISTING, Decimal(2))
    assert variant.price == "2.00"
    assert server.operations.count("UpdatePrice") == 3


@pytest.mark.parametrize("reply", [throttled(10, 10, 100.0), json_reply({}, 429, Retry_After="0.001")])
def test_after_four_repeats_it_is_given_up(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [reply] * 9
    with pytest.raises(Transient, match="THROTTLED") as raised:
        connect().write_price(LISTING, Decimal(2))
    assert server.operations.count("UpdatePrice") == 5
    assert (type(raised.value).__name__, raised.value.retry_after is not None) == ("Throttled", True)


@pytest.mark.parametrize(
    "reply",
    [
        throttled(10, 0, 1.0),
        json_reply({}, 429, Retry_After="30"),
        json_reply({}, 429, Retry_After="99999"),
        # Nothing that says how long: a second.
        json_reply({}, 429),
        json_reply({}, 429, Retry_After="NaN"),
        json_reply({}, 429, Retry_After="-1"),
        json_reply({}, 429, Retry_After="Wed, 25 Nov 2026 07:28:00 GMT"),
        json_reply({"errors": THROTTLED}),
        throttled(10, 0, 0),
        throttled(10, -5, 100),
        throttled(float("nan"), 0, 100),
        throttled(10, 0, float("inf")),
        json_reply({"errors": THROTTLED, "extensions": {"cost": None}}),
    ],
)
def test_a_wait_beyond_the_run_is_not_begun(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    variant = server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [reply]
    started = time.monotonic()
    with pytest.raises(OutOfTime):
        connect(seconds=0.9).write_price(LISTING, Decimal(2))
    assert time.monotonic() - started < 0.8
    assert (variant.price, server.operations.count("UpdatePrice")) == ("1.00", 1)


def test_the_bucket_is_waited_for_across_queries(server: FakeShopify, connect: Connect) -> None:
    """What a search leaves is too little for the next one, so it is not sent at all."""
    server.admin.add("ABC", "1.00")
    server.admin.bucket = LeakyBucket(maximum=20, restore_rate=1, available=20)
    shopify = connect(seconds=3)
    shopify.read_price(LISTING)
    with pytest.raises(OutOfTime):
        shopify.read_price(LISTING)
    assert len(server.operations) == 1


def told(requested: float, available: float) -> dict[str, object]:
    status = {"maximumAvailable": 100.0, "currentlyAvailable": available, "restoreRate": 10.0}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": requested, "throttleStatus": status}}


def test_the_bucket_fills_with_time() -> None:
    bucket = Bucket()
    assert bucket.seconds_until("search") == 0
    assert bucket.see("search", told(50, 20))
    assert bucket.seconds_until("search") == pytest.approx(3, abs=0.2)
    # Nothing is known of its cost.
    assert bucket.seconds_until("update") == 0
    time.sleep(0.1)
    assert bucket.seconds_until("search") < 2.95


def test_more_than_the_bucket_holds_is_not_waited_for() -> None:
    bucket = Bucket()
    bucket.see("search", told(5000, 100))
    assert bucket.seconds_until("search") == 0


def test_what_cannot_be_understood_leaves_the_bucket_as_it_was() -> None:
    bucket = Bucket()
    bucket.see("search", told(50, 20))
    assert not bucket.see("search", {"cost": {"requestedQueryCost": "many"}})
    assert bucket.seconds_until("search") > 2
