"""Whatever is answered: a price, a confirmation, or a OutboundError."""

import copy
from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs.outbound.failures import OutboundError, OutOfTime, Permanent, Throttled, Uncertain
from tests.workers.marketplaces.paces import Leaping
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import FakeShopify, json_reply
from workers.marketplaces.protocols import Listing

LISTING = Listing(sku="ABC", currency="USD")
VARIANT = {"id": "gid://shopify/ProductVariant/1", "sku": "ABC", "price": "1.00", "product": {"id": "1"}}
COST = {
    "requestedQueryCost": 12,
    "actualQueryCost": 3,
    "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 1e6},
}
ERROR = {"message": "No", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
VALID = {
    "Check": {
        "shop": {"name": "My Shop", "currencyCode": "USD"},
        "currentAppInstallation": {"accessScopes": [{"handle": "write_products"}]},
    },
    "VariantsBySku": {
        "shop": {"currencyCode": "USD"},
        "productVariants": {"nodes": [VARIANT], "pageInfo": {"hasNextPage": False, "endCursor": "x"}},
    },
    "UpdatePrice": {
        "productVariantsBulkUpdate": {
            "productVariants": [{"id": VARIANT["id"], "price": "2.00"}],
            "userErrors": [{"message": "No"}],
        }
    },
    "UpdateListing": {
        "productUpdate": {
            "product": {"title": "New", "descriptionHtml": "<p>"},
            "userErrors": [{"message": "No"}],
        }
    },
}
NAMES = ["data", "errors", "extensions", "code", "message", "cost", "shop", "price", "nodes", "THROTTLED", "2.00"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)
# Each example opens a connection, which takes longer than its answers do.
EXAMPLES = settings(max_examples=15)


@st.composite
def almost_valid(draw: st.DrawFn, operation: str) -> Any:
    """A valid answer with one part replaced by anything, or all of it."""
    whole: Any = {"data": copy.deepcopy(VALID[operation]), "extensions": {"cost": copy.deepcopy(COST)}}
    if draw(st.booleans()):
        whole["errors"] = [copy.deepcopy(ERROR)]
    part: Any = [whole]
    key: Any = 0
    while isinstance(part[key], dict | list) and part[key] and draw(st.integers(0, 9)):
        part = part[key]
        key = draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
    part[key] = draw(JSON)
    return whole


def several(operation: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(almost_valid(operation), min_size=1, max_size=5)


@EXAMPLES
@given(answers=several("Check"))
def test_of_a_check(answers: list[Any], server: FakeShopify, connect: Connect) -> None:
    with connect(Leaping()) as shopify:
        for answer in answers:
            server.instead["Check"] = [json_reply(answer)]
            with suppress(OutboundError):
                assert shopify.check().startswith("The service is connected to")


@EXAMPLES
@given(answers=several("VariantsBySku"))
def test_of_a_read(answers: list[Any], server: FakeShopify, connect: Connect) -> None:
    with connect(Leaping()) as shopify:
        for answer in answers:
            server.instead["VariantsBySku"] = [json_reply(answer)]
            with suppress(OutboundError):
                assert shopify.read_price(LISTING) >= 0


@EXAMPLES
@given(answers=several("UpdatePrice"))
def test_of_a_price_that_is_written(answers: list[Any], server: FakeShopify, connect: Connect) -> None:
    """One whose outcome the answer does not tell is never said not to have arrived."""
    with connect(Leaping()) as shopify:
        for answer in answers:
            server.instead["VariantsBySku"] = [json_reply({"data": VALID["VariantsBySku"]})]
            server.instead["UpdatePrice"] = [json_reply(answer)]
            with suppress(Permanent, Uncertain, Throttled, OutOfTime):
                shopify.write_price(LISTING, Decimal(2))


@EXAMPLES
@given(answers=several("UpdateListing"))
def test_of_a_listing_that_is_written(answers: list[Any], server: FakeShopify, connect: Connect) -> None:
    with connect(Leaping()) as shopify:
        for answer in answers:
            server.instead["VariantsBySku"] = [json_reply({"data": VALID["VariantsBySku"]})]
            server.instead["UpdateListing"] = [json_reply(answer)]
            with suppress(Permanent, Uncertain, Throttled, OutOfTime):
                shopify.write_listing(LISTING, {"title": "New"})
