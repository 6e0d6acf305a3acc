"""What listings say, changed in the catalogue or in a shop, and brought back."""

from uuid import UUID

import pytest
from django.db import transaction
from django.utils.timezone import now

from aijobs.outbound.failures import Permanent
from aijobs.outbound.pace import Pace
from tests import engine
from tests.clients import Caller
from tests.factories import ListingFactory, ProductFactory
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.changes.sessions import in_another_session, wait_until_blocked
from tests.workers.marketplaces.shopify.admin import FakeProduct
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap
from tests.workers.marketplaces.shops import SHOP, connect
from workers.catalogue.models import Listing, Product
from workers.changes import settling
from workers.changes.deciding import Applied, Decision, Origin, decide
from workers.changes.kinds.listing import Listings
from workers.changes.models import Change, ListingPolicy
from workers.changes.reverting import NotRevertible, revert
from workers.marketplaces import connections
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Texts

pytestmark = pytest.mark.django_db

OLD: Texts = {"title": "Bottle", "description": "<p>A bottle.</p>"}
NEW: Texts = {"title": "Steel bottle", "description": "<p>Keeps cold.</p>"}


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Has A in the catalogue only."""
    product = ProductFactory.create(tenant=owner.tenant, sku="A")
    ListingFactory.create(product=product, search_terms="flask", **OLD)
    return owner


@pytest.fixture
def product(shop: FakeShopify) -> FakeProduct:
    """A in a shop."""
    variant = shop.admin.add("A", "10.00")
    made = shop.admin.products[variant.product]
    made.title, made.description = str(OLD["title"]), str(OLD["description"])
    return made


@pytest.fixture
def trader(owner: Caller, shop: FakeShopify, product: FakeProduct) -> Caller:
    """Sells A in that shop."""
    connect(owner, shop)
    mine = ProductFactory.create(tenant=owner.tenant, sku="A", marketplace=SHOP)
    ListingFactory.create(product=mine, **OLD)
    return owner


def decided(who: Caller, after: Texts = NEW, before: Texts = OLD, marketplace: str = MARKETPLACE) -> Applied:
    """By a job that is over."""
    [job_id] = engine.dispatch(who.tenant)
    engine.complete(engine.start(job_id))
    return record(who, job_id, after, before, marketplace)


def record(who: Caller, job_id: UUID, after: Texts, before: Texts, marketplace: str) -> Applied:
    with transaction.atomic():
        origin = Origin(who.tenant.pk, marketplace, job_id)
        return decide(Listings(), origin, [Decision("A", before, after, "Because.")])


def settle(who: Caller) -> int:
    Change.objects.filter(status__in=("pending", "unknown")).update(not_before=now() - engine.LONG_AGO)
    Connection.objects.update(settling_until=now() - engine.LONG_AGO)
    return settling.settle(who.tenant.pk, SHOP)


def said() -> Texts:
    """By the catalogue."""
    listing = Listing.objects.get()
    return {name: getattr(listing, name) for name in OLD}


def told(product: FakeProduct) -> Texts:
    """By the shop."""
    return {"title": product.title, "description": product.description}


def outcome() -> tuple[str, str]:
    change = Change.objects.latest("id")
    return change.status, change.detail


def key(who: Caller) -> int:
    return int(who.tenant.api_keys.get().pk)


def test_in_the_catalogue_it_is_written_at_once_and_reverted(seller: Caller) -> None:
    [change] = decided(seller).changes
    assert (said(), Listing.objects.get().search_terms) == (NEW, "flask")
    assert (change.kind, change.before, change.after, change.status) == ("listing", OLD, NEW, "applied")
    assert revert(change, key(seller)).status == "applied"
    assert said() == OLD
    with pytest.raises(NotRevertible, match="reverted already"):
        revert(change, key(seller))


def test_the_product_itself_stays_as_it_is(seller: Caller) -> None:
    before = Product.objects.values().get()
    decided(seller)
    assert Product.objects.values().get() == before


def test_bullets_are_changed_and_brought_back_in_their_order(seller: Caller) -> None:
    before: Texts = {"bullets": Listing.objects.get().bullets}
    [change] = decided(seller, {"bullets": ["Two", "One"]}, before).changes
    assert Listing.objects.get().bullets == ["Two", "One"]
    change.refresh_from_db()
    revert(change, key(seller))
    assert {"bullets": Listing.objects.get().bullets} == before


def test_several_listings_change_each_as_decided(seller: Caller) -> None:
    ListingFactory.create(product=ProductFactory.create(tenant=seller.tenant, sku="B"), title="Cup")
    [job_id] = engine.dispatch(seller.tenant)
    decisions: list[Decision[Texts]] = [
        Decision("B", {"title": "Cup"}, {"title": "Mug"}, ""),
        Decision("A", {"search_terms": "flask"}, {"search_terms": "canteen"}, ""),
    ]
    with transaction.atomic():
        decide(Listings(), Origin(seller.tenant.pk, MARKETPLACE, job_id), decisions)
    found = Listing.objects.order_by("product__sku").values_list("title", "search_terms")
    assert list(found) == [("Bottle", "canteen"), ("Mug", "")]


def test_what_an_import_changed_meanwhile_is_left_alone(seller: Caller) -> None:
    Listing.objects.update(title="Imported")
    assert decided(seller).refused == {"A": "LISTING_CHANGED"}
    assert said() == {**OLD, "title": "Imported"}


def test_a_text_that_is_not_changed_may_be_another(seller: Caller) -> None:
    Listing.objects.update(search_terms="canteen", bullets=["Other"])
    assert decided(seller).refused == {}
    assert said() == NEW


def test_a_later_text_is_not_lost_by_a_revert(seller: Caller) -> None:
    [change] = decided(seller).changes
    Listing.objects.update(title="Imported")
    with pytest.raises(NotRevertible) as refused:
        revert(change, key(seller))
    assert refused.value.message == (
        "The listing is now “Imported” (title) and “<p>Keeps cold.</p>” (description), not “Steel bottle” (title) "
        "and “<p>Keeps cold.</p>” (description). A revert would undo a later change."
    )
    assert said() == {**NEW, "title": "Imported"}


def test_a_listing_that_was_removed_is_not_changed(seller: Caller) -> None:
    [change] = decided(seller).changes
    Listing.objects.all().delete()
    assert decided(seller, OLD, NEW).refused == {"A": "LISTING_CHANGED"}
    with pytest.raises(NotRevertible, match="The listing is now missing, not"):
        revert(change, key(seller))


def test_the_policy_switches_changes_off_and_not_reverts(seller: Caller) -> None:
    [change] = decided(seller).changes
    ListingPolicy.objects.create(tenant=seller.tenant, editing_enabled=False)
    assert decided(seller, OLD, NEW).refused == {"A": "LISTING_EDITING_DISABLED"}
    revert(change, key(seller))
    assert said() == OLD


def test_the_policy_limits_the_changes_of_a_day(seller: Caller) -> None:
    ListingPolicy.objects.create(tenant=seller.tenant, max_changes_per_day=2)
    for after, before in ((NEW, OLD), (OLD, NEW)):
        assert decided(seller, after, before).refused == {}
    assert decided(seller).refused == {"A": "DAILY_LIMIT"}


@pytest.mark.django_db(transaction=True)
def test_an_import_at_the_same_moment_comes_before_or_after(seller: Caller) -> None:
    """The decision waits for what is about to change the listing, and sees it."""
    with transaction.atomic():
        Listing.objects.update(title="Imported")
        deciding = in_another_session(lambda: decided(seller))
        wait_until_blocked()
    assert deciding.result(60).refused == {"A": "LISTING_CHANGED"}
    assert said() == {**OLD, "title": "Imported"}


def test_in_a_shop_it_is_pending_until_the_shop_has_it(trader: Caller, product: FakeProduct) -> None:
    [change] = decided(trader, marketplace=SHOP).changes
    assert (outcome(), said(), told(product)) == (("pending", ""), OLD, OLD)
    assert decided(trader, marketplace=SHOP).refused == {"A": "CHANGE_IN_PROGRESS"}
    assert settle(trader) == 1
    assert (outcome(), said(), told(product)) == (("applied", ""), NEW, NEW)
    change.refresh_from_db()
    assert revert(change, key(trader)).status == "pending"
    settle(trader)
    assert (outcome(), said(), told(product)) == (("applied", ""), OLD, OLD)


@pytest.mark.parametrize("mishap", [Mishap.ANSWER_LOST, Mishap.LOST])
def test_a_write_without_an_answer_is_read_back(
    mishap: Mishap, trader: Caller, shop: FakeShopify, product: FakeProduct
) -> None:
    shop.instead["UpdateListing"] = [mishap]
    decided(trader, marketplace=SHOP)
    settle(trader)
    assert (outcome()[0], said()) == ("unknown", OLD)
    settle(trader)
    assert (outcome(), said(), told(product)) == (("applied", ""), NEW, NEW)


def test_what_somebody_wrote_in_the_shop_is_left_alone_and_learned(trader: Caller, product: FakeProduct) -> None:
    decided(trader, marketplace=SHOP)
    product.title = "By hand"
    settle(trader)
    status, detail = outcome()
    assert status == "rejected"
    assert detail.startswith("LISTING_CHANGED: The marketplace's listing is “By hand” (title) and “<p>A bottle.</p>”")
    assert said() == told(product) == {**OLD, "title": "By hand"}


def test_an_import_while_a_change_is_pending_rejects_it(trader: Caller, product: FakeProduct) -> None:
    decided(trader, marketplace=SHOP)
    Listing.objects.update(title="Imported")
    settle(trader)
    status, detail = outcome()
    assert (status, detail.partition(":")[0]) == ("rejected", "LISTING_CHANGED")
    assert "The catalogue's listing is now “Imported” (title)" in detail
    assert (said()["title"], told(product)) == ("Imported", OLD)


def test_a_switch_that_is_turned_meanwhile_holds(trader: Caller, product: FakeProduct) -> None:
    decided(trader, marketplace=SHOP)
    ListingPolicy.objects.create(tenant=trader.tenant, editing_enabled=False)
    settle(trader)
    switched = "LISTING_EDITING_DISABLED: Changes of listings are switched off in your listing policy."
    assert (outcome(), told(product)) == (("rejected", switched), OLD)


def test_a_listing_that_was_removed_meanwhile_is_not_written(trader: Caller, product: FakeProduct) -> None:
    decided(trader, marketplace=SHOP)
    Listing.objects.all().delete()
    settle(trader)
    assert (outcome()[0], told(product)) == ("rejected", OLD)


def test_html_that_the_shop_rewrites_is_a_warning_and_learned(
    trader: Caller, shop: FakeShopify, product: FakeProduct
) -> None:
    shop.admin.footer = "<p>Made here.</p>"
    decided(trader, marketplace=SHOP)
    settle(trader)
    change = Change.objects.get()
    assert (change.status, change.read_back, said()) == ("applied", "waiting", NEW)
    Change.objects.update(not_before=now() - engine.LONG_AGO)
    settle(trader)
    change.refresh_from_db()
    assert change.read_back == "different"
    assert said() == told(product) == {**NEW, "description": "<p>Keeps cold.</p><p>Made here.</p>"}


@pytest.mark.parametrize("title", ["A" * 1001, "Bott\0le"])
def test_what_the_catalogue_cannot_store_is_named(
    trader: Caller, shop: FakeShopify, product: FakeProduct, title: str
) -> None:
    decided(trader, marketplace=SHOP)
    product.title = title
    settle(trader)
    status, detail = outcome()
    assert status == "rejected"
    assert detail.startswith("LISTING_NOT_STORABLE: The marketplace's listing has")
    assert said() == OLD


def test_a_marketplace_that_takes_no_listings_says_so(seller: Caller) -> None:
    pages = connections.find(seller.tenant.pk, MARKETPLACE)
    assert pages is not None
    with connections.open_connector(pages, Pace(1)) as desk, pytest.raises(Permanent, match="NO_LISTING_DESK"):
        Listings().write(desk, listing_of(Product.objects.get()), NEW)
