"""With `apply` where the listing is at a marketplace: decided once, then written, whatever happens in between."""

from uuid import UUID

import pytest

from tests.clients import Caller
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider
from tests.workers.changes.jobs import result_of, run, run_again
from tests.workers.jobs.listing_optimize.steps import DESCRIPTION, TITLE, dispatched, only, proposed, sell, stored
from tests.workers.marketplaces.shopify.admin import FakeProduct
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap
from tests.workers.marketplaces.shops import SHOP, connect
from workers.changes.models import Change, StoredDecision
from workers.listings.rulebook import rules_of
from workers.marketplaces import connections
from workers.marketplaces.connectors import CONNECTORS

pytestmark = pytest.mark.django_db

WRITE = "UpdateListing"


@pytest.fixture
def product(shop: FakeShopify) -> FakeProduct:
    variant = shop.admin.add("A", "19.99")
    made = shop.admin.products[variant.product]
    made.title, made.description = TITLE, DESCRIPTION
    return made


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify, product: FakeProduct) -> Caller:
    """Sells A in a shop, with the same texts there and in the catalogue."""
    connect(owner, shop)
    sell(owner.tenant, "A", SHOP)
    return owner


def job_of(seller: Caller) -> UUID:
    return dispatched(seller, "A", marketplace=SHOP, apply=True)


def test_the_shop_has_the_texts_and_then_the_catalogue(seller: Caller, product: FakeProduct) -> None:
    result = result_of(run(job_of(seller)))
    report = only(result)
    assert (result["applies_to"], result["updated_count"], result["skipped"]) == ("marketplace", 1, [])
    assert all(each["applied"] for each in report["proposals"])
    assert set(proposed(report)) <= {"title", "description"}
    assert product.title == stored()["title"] == proposed(report)["title"] != TITLE


@pytest.mark.parametrize("name", ["amazon", "shopify"])
def test_only_texts_that_the_marketplace_has_are_proposed(name: str) -> None:
    assert set(rules_of(name).fields) <= CONNECTORS[name].texts


def test_an_attempt_after_a_crash_goes_on_with_the_decision(
    seller: Caller, shop: FakeShopify, product: FakeProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = job_of(seller)
    with monkeypatch.context() as crash:
        crash.setattr("workers.jobs.networked.write_open", lambda *given: 1 / 0)
        assert run(job_id).status == "queued"
    [change] = Change.objects.all()
    assert (change.status, StoredDecision.objects.count(), product.title) == ("pending", 1, TITLE)
    monkeypatch.setattr("workers.jobs.listing_optimize.proposing.propose_all", lambda *given: 1 / 0)
    result = result_of(run_again(job_id))
    assert result["updated_count"] == 1
    assert product.title == change.after["title"]
    assert shop.operations.count(WRITE) == 1


def test_a_write_without_an_answer_is_the_settlers(seller: Caller, shop: FakeShopify, product: FakeProduct) -> None:
    shop.instead[WRITE] = [Mishap.ANSWER_LOST]
    result = result_of(run(job_of(seller)))
    [skipped] = result["skipped"]
    assert (skipped["sku"], skipped["reason"]) == ("A", "WRITE_UNKNOWN")
    assert (result["updated_count"], stored()["title"]) == (0, TITLE)
    assert not any(each["applied"] for each in only(result)["proposals"])


def test_a_rejected_text_says_why(seller: Caller, shop: FakeShopify, product: FakeProduct) -> None:
    shop.admin.rejection = "Title is not allowed"
    [skipped] = result_of(run(job_of(seller)))["skipped"]
    assert skipped["reason"] == "WRITE_REJECTED"
    assert "Title is not allowed" in skipped["detail"]
    assert (product.title, stored()["title"]) == (TITLE, TITLE)


def test_what_somebody_wrote_in_the_shop_is_not_overwritten(seller: Caller, product: FakeProduct) -> None:
    product.title = "By hand"
    [skipped] = result_of(run(job_of(seller)))["skipped"]
    assert (skipped["reason"], skipped["detail"].partition(":")[0]) == ("WRITE_REJECTED", "LISTING_CHANGED")
    assert product.title == stored()["title"] == "By hand"


def test_without_a_connection_that_writes_it_is_the_catalogue_only(owner: Caller) -> None:
    connections.save(owner.tenant.pk, "ebay_us", "web", {}, None)
    sell(owner.tenant, "A", "ebay_us")
    result = result_of(run(dispatched(owner, "A", marketplace="ebay_us", apply=True)))
    assert (result["applies_to"], result["updated_count"]) == ("catalogue", 1)
    assert stored()["title"] != TITLE


def test_an_assistant_is_asked_for_the_shops_texts_only(
    seller: Caller, provider: FakeProvider, shop: FakeShopify, settings: object
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = [  # type: ignore[attr-defined]  # pytest-django's
        f"connector:{shop.address}",
        f"assistant:{provider.address}",
    ]
    configure(seller, provider)
    run(dispatched(seller, "A", marketplace=SHOP, assistant="openai"))
    schema = provider.requests[0].body["response_format"]["json_schema"]["schema"]
    assert set(schema["properties"]) == {"title", "description"}
